/** The page: boxes above, the roll and the figures of the one that is listened to below. */
import { BoxCard } from './box-card.tsx';
import { Help } from './help.tsx';
import { useJam } from './jam.ts';
import { Notices } from './notices.tsx';
import { Players } from './prediction/players.tsx';
import { Roll } from './roll/roll.tsx';
import { PeerTable } from './stats/peer-table.tsx';
import { Plots } from './stats/plots.tsx';
import { Toolbar } from './toolbar.tsx';

export function App() {
  const jam = useJam();
  const boxes = jam.boxes.value;
  return (
    <div class={`app ${jam.link.value}`} data-testid="app" data-link={jam.link.value}>
      <Toolbar />
      <main>
        <section class="boxes" aria-label="Boxes" data-count={boxes.length}>
          {boxes.map((box) => (
            <BoxCard key={box.info.id} box={box} />
          ))}
          {boxes.length === 0 ? <p class="waiting">Waiting for the simulator …</p> : null}
        </section>
        <Roll />
        <Players />
        <section class="figures" aria-label="Figures of the peers">
          <PeerTable />
          <Plots />
        </section>
      </main>
      <Notices />
      <Help />
    </div>
  );
}

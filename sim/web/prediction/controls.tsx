/** How one player is heard at the box that is listened to: mode, and how much of what is expected is played. */
import { useSignal } from '@preact/signals';
import type { SimPeerStats } from '../../app/protocol.ts';
import type { BoxView } from '../box-view.ts';
import { useJam } from '../jam.ts';
import { MODES, type Mode, modeAbout, modeName } from './words.ts';

/** What was just turned shows at once; then the box's word counts again. */
const TRUST_MS = 1_500;

interface Turned {
  readonly wet: number;
  readonly until: number;
}

export function Controls({ box, peer }: { readonly box: BoxView; readonly peer: SimPeerStats }) {
  const jam = useJam();
  const turned = useSignal<Turned | undefined>(undefined);
  const { participant, name, prediction } = peer;
  const index = jam.boxOf(participant)?.info.index ?? 0;
  const shared = box.session.value?.mode ?? 'auto';
  const own = turned.value;
  const wet =
    own && performance.now() < own.until ? own.wet : Math.round(100 * (prediction?.wet ?? 1));
  const hear = (how: { mode?: Mode | null; wet?: number }): void =>
    jam.send({ kind: 'hear', box: box.info.index, participant, ...how });
  return (
    <div class="hearing">
      <label>
        <span class="hidden">Mode of {name}</span>
        <select
          data-testid={`mode-${index}`}
          title={modeAbout((prediction?.wish ?? shared) as Mode)}
          value={prediction?.wish ?? ''}
          onChange={(event) => {
            const mode = MODES.find((known) => known === event.currentTarget.value);
            hear({ mode: mode ?? null });
          }}
        >
          <option value="">As all: {modeName(shared)}</option>
          {MODES.map((mode) => (
            <option key={mode} value={mode}>
              {modeName(mode)}
            </option>
          ))}
        </select>
      </label>
      <label
        class="wet"
        title="How much of what is expected is played before it came: 0 is dry, nothing at all"
      >
        <span>Prediction</span>
        <input
          type="range"
          min={0}
          max={100}
          step={5}
          data-testid={`wet-${index}`}
          aria-label={`Prediction of ${name}`}
          value={wet}
          onInput={(event) => {
            const chosen = event.currentTarget.valueAsNumber;
            turned.value = { wet: chosen, until: performance.now() + TRUST_MS };
            hear({ wet: chosen / 100 });
          }}
        />
        <output>{wet === 0 ? 'dry' : `${wet} %`}</output>
      </label>
    </div>
  );
}

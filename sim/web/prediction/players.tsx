/** How the box that is listened to foresees each of the others: figures, controls, and the bars to come. */
import type { SimPrediction } from '../../app/prediction-protocol.ts';
import type { SimPeerStats } from '../../app/protocol.ts';
import type { BoxView } from '../box-view.ts';
import { useJam } from '../jam.ts';
import { lookOf } from '../players-colour.ts';
import { Bars } from './bars.tsx';
import { Controls } from './controls.tsx';
import { modeName, percent, reasonWords } from './words.ts';

export function Players() {
  const jam = useJam();
  const box = jam.listened.value;
  if (!box) return null;
  const numberOf = (peer: SimPeerStats): number => jam.boxOf(peer.participant)?.info.index ?? 0;
  const peers = [...(box.stats.value?.peers ?? [])].sort((a, b) => numberOf(a) - numberOf(b));
  if (peers.length === 0) return null;
  return (
    <section class="foresight" aria-label="Prediction" data-testid="foresight">
      <header>
        <h2>What {box.info.name} expects</h2>
        <p>
          The engine’s own estimates: it compares what it played with what came. The stronger a note
          to come is drawn, the likelier it is.
        </p>
      </header>
      <div class="players">
        {peers.map((peer) => (
          <PlayerCard key={peer.participant} box={box} peer={peer} />
        ))}
      </div>
    </section>
  );
}

function PlayerCard({ box, peer }: { readonly box: BoxView; readonly peer: SimPeerStats }) {
  const jam = useJam();
  const index = jam.boxOf(peer.participant)?.info.index ?? 0;
  const { prediction } = peer;
  return (
    <article
      class="foreseen"
      style={{ '--player': lookOf(index).colour }}
      aria-label={`Prediction of ${peer.name}`}
      data-testid={`foreseen-${index}`}
    >
      <header>
        <i class="dot">{index || ''}</i>
        <h3>{peer.name}</h3>
        <span class="role">{prediction?.role ?? ''}</span>
        {prediction ? <Usage prediction={prediction} /> : <span class="usage">silent yet</span>}
      </header>
      <Figures box={box} peer={peer} />
      <Bars participant={peer.participant} name={peer.name} />
      <Controls box={box} peer={peer} />
    </article>
  );
}

function Usage({ prediction }: { readonly prediction: SimPrediction }) {
  return (
    <span class="usage" title={prediction.predictor}>
      <b class={`mode ${prediction.inUse}`}>{modeName(prediction.inUse)}</b>{' '}
      {reasonWords(prediction)}
    </span>
  );
}

function Figures({ box, peer }: { readonly box: BoxView; readonly peer: SimPeerStats }) {
  const { prediction } = peer;
  const falses = box.history.falsePer100(peer.participant);
  return (
    <dl class="gauges">
      <div title="w20: of the last 64 notes, those heard within 20 ms of when they were played">
        <dt>in time ±20 ms</dt>
        <dd data-testid="w20">{percent(prediction?.w20 ?? null)}</dd>
        <Trend values={box.history.column(peer.participant, 'w20')} />
      </div>
      <div title="Notes of the last minute that were played and never came, for every 100 that came">
        <dt>false in 100</dt>
        <dd data-testid="false-rate">{falses === undefined ? '–' : falses.toFixed(1)}</dd>
      </div>
      <div title="Of the last predictions, those that came within 20 ms">
        <dt>confidence</dt>
        <dd>{percent(prediction?.confidence ?? null)}</dd>
        <meter min={0} max={1} value={prediction?.confidence ?? 0} aria-label="Confidence" />
      </div>
      <div title="How long what it plays is on its way here: median">
        <dt>away</dt>
        <dd>{prediction ? `${Math.round(prediction.away)} ms` : '–'}</dd>
      </div>
    </dl>
  );
}

/** A minute of a share in percent. */
function Trend({ values }: { readonly values: readonly (number | null)[] }) {
  const points = values
    .map((value, i) => (value === null ? undefined : `${i},${(100 - value).toFixed(0)}`))
    .filter((point) => point !== undefined);
  return (
    <svg class="trend" viewBox="0 0 119 100" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(' ')} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

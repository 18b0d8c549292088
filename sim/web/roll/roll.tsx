/** The live piano roll of the box that is listened to: what was heard, what became of it, and what is expected. */
import { useEffect, useRef } from 'preact/hooks';
import { type DrawingPace, drawWhileSeen } from '../draw-while-seen.ts';
import { type Jam, useJam } from '../jam.ts';
import { lookOf } from '../players-colour.ts';
import { FateMark } from '../prediction/fate-mark.tsx';
import { FATE_ORDER, FATES } from '../prediction/fates.ts';
import { type KeyRange, keyRange, PERCUSSION, ROLL_MS, rollWindow } from './roll-layout.ts';
import {
  paintExpected,
  paintGround,
  paintLabels,
  paintNow,
  paintSpans,
  type RollPicture,
} from './roll-paint.ts';

/** With every frame, but when motion disturbs. */
const PACE: DrawingPace = { usual: 0, still: 250 };
/** Drums that have not been heard so long give their rows back. */
const DRUMS_STAY_MS = 20_000;

export function Roll() {
  const jam = useJam();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => (canvas.current ? animate(jam, canvas.current) : undefined), [jam]);
  const listened = jam.listened.value;
  return (
    <section class="roll" aria-label="Piano roll">
      <header>
        <h2>At {listened?.info.name ?? 'no box'}</h2>
        <Legend />
        <Colouring />
      </header>
      <canvas
        ref={canvas}
        data-testid="roll"
        role="img"
        aria-label="Notes of the last seconds as they were played, arrived and were heard, and what is expected next"
      />
    </section>
  );
}

function Legend() {
  const jam = useJam();
  const byFate = jam.byFate.value;
  return (
    <ul class="legend" data-testid="legend">
      <li title="When it was played, which the box could not know yet">
        <i class="mark played" /> played
      </li>
      <li title="When its packet came">
        <i class="mark arrived" /> arrived
      </li>
      {FATE_ORDER.map((fate) => (
        <li key={fate} title={FATES[fate].about}>
          <FateMark fate={fate} plain={!byFate} /> {FATES[fate].name}
        </li>
      ))}
      <li title="May come: the stronger, the likelier">
        <i class="mark expected" /> expected
      </li>
      {byFate
        ? null
        : jam.boxes.value.map(({ info, look }) => (
            <li key={info.index}>
              <i class="dot" style={{ background: look.colour }}>
                {info.index}
              </i>
              {info.name}
            </li>
          ))}
    </ul>
  );
}

function Colouring() {
  const jam = useJam();
  const byFate = jam.byFate.value;
  return (
    // biome-ignore lint/a11y/useSemanticElements: two buttons, no fieldset of a form
    <div class="choice" role="group" aria-label="What colours tell">
      <button
        type="button"
        aria-pressed={byFate}
        data-testid="by-fate"
        onClick={() => {
          jam.byFate.value = true;
        }}
      >
        What became of it
      </button>
      <button
        type="button"
        aria-pressed={!byFate}
        data-testid="by-player"
        onClick={() => {
          jam.byFate.value = false;
        }}
      >
        Who plays
      </button>
    </div>
  );
}

/** Draws on each frame while the roll can be seen; gives back what ends that. */
function animate(jam: Jam, canvas: HTMLCanvasElement): () => void {
  let range: KeyRange = { low: 48, high: 76 };
  let drumsAt = Number.NEGATIVE_INFINITY;
  return drawWhileSeen(canvas, PACE, (context, pageNow, isStill) => {
    const listened = jam.listened.value;
    if (!listened) return;
    const now = jam.time.toSim(pageNow);
    const { beliefs } = listened;
    const window = rollWindow(now, canvas.clientWidth, isStill, beliefs.bars !== null);
    range = keyRange(listened.spans.spans, window.from, range);
    const last = listened.spans.spans.findLast((span) => span.channel === PERCUSSION);
    if (last) drumsAt = last.start;
    const picture: RollPicture = {
      context,
      width: canvas.clientWidth,
      height: canvas.clientHeight,
      window,
      range,
      drums: now - drumsAt < DRUMS_STAY_MS,
      session: listened.session.value,
      byFate: jam.byFate.value,
      colourOf: (participant) => lookOf(jam.boxOf(participant)?.info.index ?? 0).colour,
    };
    paintGround(picture);
    for (const box of jam.boxes.value) {
      paintExpected(picture, box.info.id, beliefs.of(box.info.id));
    }
    paintSpans(picture, listened.spans.spans, 'heard');
    for (const box of jam.boxes.value) paintSpans(picture, box.spans.spans, 'played');
    paintSpans(picture, listened.spans.spans, 'arrived');
    paintNow(picture);
    paintLabels(picture);
    for (const box of jam.boxes.value) box.spans.prune(now - 2 * ROLL_MS);
  });
}

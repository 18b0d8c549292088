/** This bar and the next of one player, as the engine of the box that is listened to believes. */
import { useEffect, useRef } from 'preact/hooks';
import { type DrawingPace, drawWhileSeen } from '../draw-while-seen.ts';
import { type Jam, useJam } from '../jam.ts';
import type { Span } from '../roll/roll-spans.ts';
import { type BarRows, rowsFor } from './bars-layout.ts';
import { paintBars } from './bars-paint.ts';

/** Small pictures need not be redrawn with every frame: there may be seven of them. */
const PACE: DrawingPace = { usual: 40, still: 250 };

export function Bars({
  participant,
  name,
}: {
  readonly participant: string;
  readonly name: string;
}) {
  const jam = useJam();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(
    () => (canvas.current ? animate(jam, participant, canvas.current) : undefined),
    [jam, participant],
  );
  return (
    <canvas
      ref={canvas}
      class="bars"
      role="img"
      aria-label={`What is expected of ${name} in this bar and the next`}
    />
  );
}

/** Longer notes than this before the bar began are not looked for. */
const LONGEST_MS = 10_000;

/** Notes of one player that sounded since `from`: they lie at the end, nearly in order. */
function heardOf(spans: readonly Span[], participant: string, from: number, now: number): Span[] {
  const heard: Span[] = [];
  for (let i = spans.length - 1; i >= 0; i--) {
    const span = spans[i];
    if (!span || span.start < from - LONGEST_MS) break;
    if (span.kind !== 'heard' || span.participant !== participant) continue;
    if ((span.end ?? now) >= from) heard.push(span);
  }
  return heard;
}

/** Draws while it can be seen; gives back what ends that. */
function animate(jam: Jam, participant: string, canvas: HTMLCanvasElement): () => void {
  let rows: BarRows = { kind: 'keys', low: 48, high: 72 };
  return drawWhileSeen(canvas, PACE, (context, pageNow) => {
    const box = jam.listened.value;
    if (!box) return;
    const now = jam.time.toSim(pageNow);
    const { bars } = box.beliefs;
    const expected = [...box.beliefs.of(participant)];
    const from = bars?.lines[0] ?? now;
    const heard = heardOf(box.spans.spans, participant, from, now);
    rows = rowsFor([...expected, ...heard], rows);
    const { clientWidth: width, clientHeight: height } = canvas;
    paintBars({ context, width, height, bars, rows, now }, expected, heard);
    canvas.dataset['expected'] = String(expected.length);
  });
}

/** This bar and the next of one player, as the engine of the box that is listened to believes. */
import { useEffect, useRef } from 'preact/hooks';
import { type Jam, useJam } from '../jam.ts';
import type { Span } from '../roll/roll-spans.ts';
import { type BarRows, rowsFor } from './bars-layout.ts';
import { paintBars } from './bars-paint.ts';

/** Small pictures need not be redrawn with every frame: there may be seven of them. */
const FRAME_MS = 40;
const STILL_MS = 250;

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
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return () => {};
  const stillness = matchMedia('(prefers-reduced-motion: reduce)');
  let rows: BarRows = { kind: 'keys', low: 48, high: 72 };
  let drawnAt = 0;
  let due = 0;
  let visible = true;

  const size = new ResizeObserver(() => {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
  });
  size.observe(canvas);
  const sight = new IntersectionObserver((entries) => {
    visible = entries.at(-1)?.isIntersecting ?? true;
    if (visible) due ||= requestAnimationFrame(frame);
  });
  sight.observe(canvas);

  const draw = (now: number): void => {
    const box = jam.listened.value;
    if (!box || canvas.width === 0) return;
    const { bars } = box.beliefs;
    const expected = [...box.beliefs.of(participant)];
    const from = bars?.lines[0] ?? now;
    const heard = heardOf(box.spans.spans, participant, from, now);
    rows = rowsFor([...expected, ...heard], rows);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const { clientWidth: width, clientHeight: height } = canvas;
    paintBars({ context, width, height, bars, rows, now }, expected, heard);
    canvas.dataset['expected'] = String(expected.length);
  };

  const frame = (pageNow: number): void => {
    due = visible ? requestAnimationFrame(frame) : 0;
    if (pageNow - drawnAt < (stillness.matches ? STILL_MS : FRAME_MS)) return;
    drawnAt = pageNow;
    draw(jam.time.toSim(pageNow));
  };
  due = requestAnimationFrame(frame);

  return () => {
    size.disconnect();
    sight.disconnect();
    cancelAnimationFrame(due);
  };
}

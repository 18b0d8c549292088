/** The live piano roll of the box that is listened to. */
import { useEffect, useRef } from 'preact/hooks';
import { type Jam, useJam } from '../jam.ts';
import { lookOf } from '../players-colour.ts';
import { type KeyRange, keyRange, PERCUSSION, ROLL_MS, rollWindow } from './roll-layout.ts';
import { paintGround, paintNow, paintSpans, type RollPicture } from './roll-paint.ts';

/** Redrawn so often when motion disturbs. */
const STILL_MS = 250;
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
        <ul class="legend">
          <li>
            <i class="mark played" /> played
          </li>
          <li>
            <i class="mark arrived" /> arrived
          </li>
          <li>
            <i class="mark heard" /> heard
          </li>
          {jam.boxes.value.map(({ info, look }) => (
            <li key={info.index}>
              <i class="dot" style={{ background: look.colour }}>
                {info.index}
              </i>
              {info.name}
            </li>
          ))}
        </ul>
      </header>
      <canvas
        ref={canvas}
        data-testid="roll"
        role="img"
        aria-label="Notes of the last seconds as they were played, arrived and were heard"
      />
    </section>
  );
}

/** Draws on each frame while the roll can be seen; gives back what ends that. */
function animate(jam: Jam, canvas: HTMLCanvasElement): () => void {
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return () => {};
  const stillness = matchMedia('(prefers-reduced-motion: reduce)');
  let range: KeyRange = { low: 48, high: 76 };
  let drumsAt = Number.NEGATIVE_INFINITY;
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

  const draw = (pageNow: number): void => {
    const listened = jam.listened.value;
    if (!listened || canvas.width === 0) return;
    const now = jam.time.toSim(pageNow);
    const window = rollWindow(now, canvas.clientWidth, stillness.matches);
    range = keyRange(listened.spans.spans, window.from, range);
    const last = listened.spans.spans.findLast((span) => span.channel === PERCUSSION);
    if (last) drumsAt = last.start;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const picture: RollPicture = {
      context,
      width: canvas.clientWidth,
      height: canvas.clientHeight,
      window,
      range,
      drums: now - drumsAt < DRUMS_STAY_MS,
      session: listened.session.value,
      colourOf: (participant) => lookOf(jam.boxOf(participant)?.info.index ?? 0).colour,
    };
    paintGround(picture);
    paintSpans(picture, listened.spans.spans, 'heard');
    for (const box of jam.boxes.value) paintSpans(picture, box.spans.spans, 'played');
    paintSpans(picture, listened.spans.spans, 'arrived');
    paintNow(picture);
    for (const box of jam.boxes.value) box.spans.prune(now - 2 * ROLL_MS);
  };

  const frame = (pageNow: number): void => {
    due = visible ? requestAnimationFrame(frame) : 0;
    if (stillness.matches && pageNow - drawnAt < STILL_MS) return;
    drawnAt = pageNow;
    draw(pageNow);
  };
  due = requestAnimationFrame(frame);

  return () => {
    size.disconnect();
    sight.disconnect();
    cancelAnimationFrame(due);
  };
}

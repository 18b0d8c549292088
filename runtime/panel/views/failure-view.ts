/** Why a session was not joined, and the way on: a title, what to do, two buttons. An alarm blinks. */
import { elapsed } from '../../core/time.ts';
import { mayRetry } from '../covers.ts';
import { failureWords } from '../failures.ts';
import { BODY, textWidth, wrap } from '../font.ts';
import { CANVAS_WIDTH } from '../frame-buffer.ts';
import { WARNING } from '../icons.ts';
import type { FailureCover } from '../panel-state.ts';
import { inSeconds } from '../wording.ts';
import { centred, drawButton } from './dialog-view.ts';
import { PAGE_TOP, ROW } from './page.ts';
import type { Scene } from './scene.ts';

/** Lines of text under the title, closer than rows of a list. */
const LINES = 3;
const LINE = 10;

export function drawFailure(scene: Scene, { failure, retry }: FailureCover): void {
  const { canvas, state, now } = scene;
  const { title, text, loud } = failureWords(failure);
  const lit = !loud || scene.ticks(400) % 2 === 0;
  const bar = { x: 0, y: PAGE_TOP, width: CANVAS_WIDTH, height: ROW };
  if (lit) canvas.fill(bar);
  else canvas.outline(bar);
  const ink = lit ? 'clear' : 'set';
  canvas.text(title, centred(textWidth(title)), PAGE_TOP, BODY, ink);
  if (loud) {
    canvas.picture(WARNING, 2, PAGE_TOP, ink);
    canvas.picture(WARNING, CANVAS_WIDTH - WARNING.width - 2, PAGE_TOP, ink);
  }
  const lines = wrap(text, CANVAS_WIDTH, LINES);
  const top = PAGE_TOP + ROW + Math.floor(((LINES - lines.length) * LINE) / 2);
  lines.forEach((line, row) => {
    canvas.text(line, centred(textWidth(line)), top + row * LINE);
  });
  const ready = mayRetry(failure, now);
  if (!ready && failure.retryAt !== undefined) {
    scene.ticks(250);
    drawButton(canvas, `in ${inSeconds(elapsed(now, failure.retryAt))}`, 'left', retry, true);
  } else drawButton(canvas, 'Try again', 'left', retry, state.clicked !== undefined);
  drawButton(canvas, 'Back', 'right', !retry, false);
}

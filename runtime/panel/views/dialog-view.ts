/** What asks or tells: a question, a wait, a name to write, a message over everything else. */
import { BODY, elide, LARGE, textWidth, wrap } from '../font.ts';
import { CANVAS_HEIGHT, CANVAS_WIDTH, type FrameBuffer } from '../frame-buffer.ts';
import { CHOSEN, WARNING } from '../icons.ts';
import { NAMING_KEYS } from '../naming.ts';
import type { ConfirmScreen, NamingScreen, Toast } from '../panel-state.ts';
import { drawTitle, PAGE_TOP, ROW, ROWS_TOP } from './page.ts';
import type { Scene } from './scene.ts';

const BUTTON = { width: 60, height: 13, top: 50, edge: 1 };

export function drawConfirm({ canvas, state }: Scene, screen: ConfirmScreen): void {
  const lines = wrap(screen.question, CANVAS_WIDTH, 3);
  const top = PAGE_TOP + 2 + Math.floor(((3 - lines.length) * (ROW + 1)) / 2);
  lines.forEach((line, row) => {
    canvas.text(line, centred(textWidth(line)), top + row * (ROW + 1));
  });
  drawButton(canvas, 'No', 'left', !screen.yes, false);
  drawButton(canvas, 'Yes', 'right', screen.yes, state.clicked !== undefined);
}

/** One of two at the bottom. The one that is ready is full; once it is clicked, it is a frame. */
export function drawButton(
  canvas: FrameBuffer,
  label: string,
  side: 'left' | 'right',
  chosen: boolean,
  clicked: boolean,
): void {
  const x = side === 'left' ? BUTTON.edge : CANVAS_WIDTH - BUTTON.width - BUTTON.edge;
  const area = { x, y: BUTTON.top, width: BUTTON.width, height: BUTTON.height };
  if (chosen && !clicked) canvas.fill(area);
  else canvas.outline(area);
  const ink = chosen && !clicked ? 'clear' : 'set';
  const sign = chosen ? 6 : 0;
  const left = x + sign + Math.floor((BUTTON.width - sign - textWidth(label)) / 2);
  canvas.text(label, left, BUTTON.top + 1, BODY, ink);
  if (chosen) canvas.picture(CHOSEN, left - 7, BUTTON.top + 3, ink);
}

export function drawWaiting(scene: Scene, doing: string, name: string): void {
  const { canvas } = scene;
  canvas.text(doing, centred(textWidth(doing)), PAGE_TOP + 2);
  const large = textWidth(name, LARGE) <= CANVAS_WIDTH;
  const font = large ? LARGE : BODY;
  const shown = elide(name, CANVAS_WIDTH, font);
  canvas.text(shown, centred(textWidth(shown, font)), large ? PAGE_TOP + 11 : PAGE_TOP + 16, font);
  const step = scene.ticks(120) % 12;
  for (let dot = 0; dot < 12; dot++) {
    const x = centred(12 * 6) + dot * 6;
    if (dot === step || dot === (step + 11) % 12) canvas.fill({ x, y: 44, width: 4, height: 3 });
    else canvas.pixel(x + 1, 45);
  }
  const hint = 'Hold to cancel';
  canvas.text(hint, centred(textWidth(hint)), CANVAS_HEIGHT - ROW);
}

export function drawNaming(scene: Scene, screen: NamingScreen): void {
  const { canvas } = scene;
  drawTitle(scene, screen.label, '');
  const draft = fromRight(screen.draft, CANVAS_WIDTH - 8);
  const end = canvas.text(draft, 0, ROWS_TOP + 1);
  if (scene.ticks(400) % 2 === 0) canvas.fill({ x: end + 2, y: ROWS_TOP + 9, width: 5, height: 2 });
  const middle = Math.floor(CANVAS_WIDTH / 2);
  const place = 18;
  for (let offset = -4; offset <= 4; offset++) {
    const key = NAMING_KEYS[(screen.at + offset + NAMING_KEYS.length) % NAMING_KEYS.length] ?? '';
    if (offset === 0) continue;
    const x = middle + offset * place - Math.sign(offset) * -4;
    const label = keyLabel(key, false);
    canvas.text(label, x - Math.floor(textWidth(label) / 2), ROWS_TOP + 22);
  }
  const label = keyLabel(NAMING_KEYS[screen.at] ?? '', true);
  const font = label.length > 1 ? BODY : LARGE;
  const width = Math.max(17, textWidth(label, font) + 6);
  const left = middle - Math.floor(width / 2);
  canvas.fill({ x: left - 2, y: ROWS_TOP + 16, width: width + 4, height: 24 }, 'clear');
  canvas.fill({ x: left, y: ROWS_TOP + 17, width, height: 22 });
  const x = middle - Math.floor(textWidth(label, font) / 2);
  canvas.text(label, x, font === LARGE ? ROWS_TOP + 16 : ROWS_TOP + 22, font, 'clear');
}

function keyLabel(key: string, chosen: boolean): string {
  if (key === '✓') return chosen ? 'Save' : 'ok';
  if (key === '←') return chosen ? 'Delete' : '←';
  return key === ' ' ? '_' : key;
}

/** The end of a text, for those who write it. */
function fromRight(text: string, width: number): string {
  let shown = text;
  while (textWidth(shown) > width) shown = [...shown].slice(1).join('');
  return shown;
}

export function drawToast({ canvas }: Scene, toast: Toast): void {
  const error = toast.tone === 'error';
  const textLeft = error ? 20 : 6;
  const lines = wrap(toast.text, CANVAS_WIDTH - textLeft - 6, 4);
  const height = Math.max(lines.length * ROW + 7, error ? 21 : 0);
  const y = PAGE_TOP + Math.floor((CANVAS_HEIGHT - PAGE_TOP - height) / 2);
  const page = { x: 0, y: PAGE_TOP, width: CANVAS_WIDTH, height: CANVAS_HEIGHT - PAGE_TOP };
  canvas.fill(page, 'clear');
  canvas.outline({ x: 0, y, width: CANVAS_WIDTH, height });
  canvas.outline({ x: 1, y: y + 1, width: CANVAS_WIDTH - 2, height: height - 2 });
  if (error) canvas.picture(WARNING, 5, y + Math.floor((height - WARNING.rows.length) / 2));
  const top = y + Math.floor((height - lines.length * ROW) / 2);
  lines.forEach((line, row) => {
    const width = textWidth(line);
    canvas.text(line, error ? textLeft : centred(width), top + row * ROW);
  });
}

/** Column where something so wide stands in the middle. */
export const centred = (width: number): number => Math.floor((CANVAS_WIDTH - width) / 2);

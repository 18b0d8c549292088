/**
 * The two displays that meet when a stranger joins: the host's, which shows six digits, and the guest's, which takes them.
 */
import { elapsed, type Instant } from '../../core/time.ts';
import { CODE_DIGITS, type CodeEntry } from '../code-entry.ts';
import { BODY, elide, LARGE, textWidth, wrap } from '../font.ts';
import { CANVAS_HEIGHT, CANVAS_WIDTH } from '../frame-buffer.ts';
import { WARNING } from '../icons.ts';
import type { PanelCodeShown } from '../joining-model.ts';
import { named } from '../menu-entry.ts';
import { inSeconds } from '../wording.ts';
import { centred, drawButton } from './dialog-view.ts';
import { PAGE_TOP, ROW } from './page.ts';
import type { Scene } from './scene.ts';

const DIGITS_TOP = 28;
const PITCH = 18;
/** The host's digits are three times those of the text. */
const SCALE = 3;
const THREES_GAP = 8;
const LAST_ROW = CANVAS_HEIGHT - ROW;

/** To be read from across a stage: the digits in two threes, nothing else of their size. */
export function drawGuest(scene: Scene, shown: PanelCodeShown): void {
  const { canvas } = scene;
  const after = ' wants to join';
  const guest = elide(named(shown.guest), CANVAS_WIDTH - textWidth(after));
  canvas.text(`${guest}${after}`, centred(textWidth(`${guest}${after}`)), PAGE_TOP + 1);
  const width = CODE_DIGITS * PITCH - SCALE + THREES_GAP;
  [...shown.code].forEach((digit, place) => {
    const gap = place >= CODE_DIGITS / 2 ? THREES_GAP : 0;
    drawHuge(scene, digit, centred(width) + place * PITCH + gap, PAGE_TOP + 17);
  });
  drawBar(scene, 'Hold: refuse', triesLeft(shown.triesLeft), shown.expiresAt);
}

/** `y` is where capitals begin. */
function drawHuge({ canvas }: Scene, digit: string, x: number, y: number): void {
  const glyph = BODY.glyph(digit);
  glyph.rows.slice(BODY.capTop, BODY.baseline).forEach((bits, row) => {
    for (let column = 0; column < glyph.width; column++) {
      if (((bits >> column) & 1) === 0) continue;
      const place = { x: x + column * SCALE, y: y + row * SCALE };
      canvas.fill({ ...place, width: SCALE, height: SCALE });
    }
  });
}

export function drawEntry(scene: Scene, entry: CodeEntry): void {
  if (entry.stage === 'warned') drawWarning(scene, entry);
  else drawDigits(scene, entry);
}

function drawDigits(scene: Scene, entry: CodeEntry): void {
  const { canvas } = scene;
  const { asked, at, digits } = entry;
  const heading = asked.wrong ? 'Wrong code' : 'Code shown by';
  drawHeading(scene, heading, named(asked.host), asked.wrong);
  const complete = at === CODE_DIGITS;
  const left = complete ? 1 : centred(CODE_DIGITS * PITCH - 2);
  const pitch = complete ? 14 : PITCH;
  digits.forEach((digit, place) => {
    const x = left + place * pitch;
    const middle = x + Math.floor((pitch - 2) / 2);
    if (place === at) {
      canvas.fill({ x, y: DIGITS_TOP - 4, width: pitch - 2, height: 22 });
      drawArrows(scene, middle);
    }
    const font = LARGE;
    const text = place > at ? '–' : `${digit}`;
    const ink = place === at ? 'clear' : 'set';
    const across = middle - Math.floor(textWidth(text, font) / 2);
    canvas.text(text, across, DIGITS_TOP - font.capTop, font, ink);
  });
  if (complete) drawSend(scene);
  const back = at === 0 ? 'Hold: cancel' : 'Hold: back';
  drawBar(scene, back, triesLeft(asked.triesLeft), asked.expiresAt);
}

/** Over and under the digit that turns. */
function drawArrows({ canvas }: Scene, middle: number): void {
  for (let row = 0; row < 2; row++) {
    canvas.horizontal(middle - row, DIGITS_TOP - 7 + row, 1 + 2 * row);
    canvas.horizontal(middle - row, DIGITS_TOP + 20 - row, 1 + 2 * row);
  }
}

function drawSend({ canvas }: Scene): void {
  const label = 'Join';
  const area = { x: 88, y: DIGITS_TOP - 1, width: CANVAS_WIDTH - 88, height: 16 };
  canvas.fill(area);
  const x = area.x + Math.floor((area.width - textWidth(label)) / 2);
  canvas.text(label, x, area.y + 2, BODY, 'clear');
}

function drawHeading({ canvas }: Scene, heading: string, host: string, wrong: boolean): void {
  const y = PAGE_TOP + 1;
  const width = textWidth(heading);
  if (wrong) canvas.fill({ x: 0, y, width: width + 5, height: ROW - 1 });
  const end = canvas.text(heading, wrong ? 2 : 0, y - 1, BODY, wrong ? 'clear' : 'set');
  const left = end + (wrong ? 8 : 5);
  canvas.text(elide(host, CANVAS_WIDTH - left), left, y - 1);
}

/** What to do at the left, how long it goes on at the right; tries between where there is room. */
function drawBar(scene: Scene, hint: string, tries: string, expiresAt: Instant): void {
  const { canvas, now } = scene;
  const time = inSeconds(elapsed(now, expiresAt));
  scene.again(now + 1_000_000 - ((((now - expiresAt) % 1_000_000) + 1_000_000) % 1_000_000));
  const end = canvas.text(hint, 0, LAST_ROW);
  const right = CANVAS_WIDTH - textWidth(time);
  canvas.text(time, right, LAST_ROW);
  const room = right - end;
  const width = textWidth(tries);
  if (width + 8 <= room) canvas.text(tries, end + Math.floor((room - width) / 2), LAST_ROW);
}

const triesLeft = (count: number): string => (count === 1 ? '1 try' : `${count} tries`);

function drawWarning(scene: Scene, { asked, goOn }: CodeEntry): void {
  const { canvas } = scene;
  canvas.picture(WARNING, 0, PAGE_TOP + 2);
  const text = `Not the “${named(asked.host)}” you know: it has another key.`;
  wrap(text, CANVAS_WIDTH - 16, 4).forEach((line, row) => {
    canvas.text(line, 16, PAGE_TOP + row * (ROW - 1));
  });
  drawButton(canvas, 'No', 'left', !goOn, false);
  drawButton(canvas, 'Go on', 'right', goOn, false);
}

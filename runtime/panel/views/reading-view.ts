/** Lines to read: one participant, MIDI devices, about. */
import { elide, textWidth } from '../font.ts';
import type { ParticipantScreen, ReadingScreen } from '../panel-state.ts';
import { readingLines } from '../reading.ts';
import { drawScrollBar, drawTitle, ROW, ROWS_SHOWN, ROWS_TOP } from './page.ts';
import type { Scene } from './scene.ts';

/** Where a meter stands: after the longest label that has one, before "100%". */
const METER = { left: 52, width: 44 };

export function drawReading(scene: Scene, screen: ReadingScreen | ParticipantScreen): void {
  const { canvas, model } = scene;
  const lines = readingLines(screen, model);
  const first = Math.max(0, Math.min(screen.top, lines.length - ROWS_SHOWN));
  drawTitle(scene, titleOf(scene, screen), '');
  const width = drawScrollBar(scene, first, ROWS_SHOWN, lines.length) - 2;
  lines.slice(first, first + ROWS_SHOWN).forEach(({ label, value, meter }, row) => {
    const y = ROWS_TOP + row * ROW;
    const valueWidth = textWidth(value);
    if (label !== '') canvas.text(elide(label, width - valueWidth - 4), 0, y);
    canvas.text(value, width - valueWidth, y);
    if (meter !== undefined) drawMeter(scene, meter, y);
  });
}

/** A frame that fills from the left; it says with the figure beside it how much. */
function drawMeter({ canvas }: Scene, part: number, y: number): void {
  const frame = { x: METER.left, y: y + 2, width: METER.width, height: 7 };
  canvas.outline(frame);
  canvas.fill({ ...frame, width: Math.round(part * METER.width) });
}

function titleOf({ model }: Scene, screen: ReadingScreen | ParticipantScreen): string {
  switch (screen.kind) {
    case 'live':
      return '';
    case 'devices':
      return 'MIDI devices';
    case 'network':
      return 'Network';
    case 'about':
      return 'About';
    case 'participant':
    case 'heard':
      return model.session?.participants.find((one) => one.id === screen.id)?.name ?? '';
  }
}

/** Tempo by clicking on the beat: the figure, and a mark that blinks with each tap. */
import { elapsed, fromMillis } from '../../core/time.ts';
import { LARGE, textWidth } from '../font.ts';
import { CANVAS_HEIGHT } from '../frame-buffer.ts';
import type { TapScreen } from '../panel-state.ts';
import { tempoOf } from '../tap-tempo.ts';
import { centred } from './dialog-view.ts';
import { drawTitle, ROW, ROWS_TOP } from './page.ts';
import type { Scene } from './scene.ts';

const FLASH = fromMillis(120);

export function drawTap(scene: Scene, screen: TapScreen): void {
  const { canvas, model, now } = scene;
  const last = screen.taps.at(-1);
  drawTitle(scene, 'Tap tempo', '');
  const bpm = tempoOf(screen.taps) ?? Math.round(model.session?.timeline.bpm ?? 0);
  const words = `♪ ${bpm}`;
  canvas.text(words, centred(textWidth(words, LARGE)), ROWS_TOP + 3, LARGE);
  if (last !== undefined && elapsed(last, now) < FLASH) {
    scene.again(last + FLASH);
    for (const x of [8, 107]) canvas.fill({ x, y: ROWS_TOP + 8, width: 12, height: 12 });
  }
  const hint = screen.taps.length === 0 ? 'Click on the beat' : 'Hold when it is right';
  canvas.text(hint, centred(textWidth(hint)), CANVAS_HEIGHT - ROW);
}

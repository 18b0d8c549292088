/**
 * The whole picture. Pure but for the frame buffer that it is given to draw into.
 *
 * Takes  state, model, levels and the time.
 * Gives  the frame, the display's brightness, and when both change though nothing happens.
 */
import type { Instant } from '../../core/time.ts';
import type { Frame } from '../../ports/display.ts';
import { type Cover, coverOf, sparingNow } from '../covers.ts';
import type { FrameBuffer } from '../frame-buffer.ts';
import { idleDue, pixelShift, shiftDue, wakefulness } from '../idle.ts';
import type { PanelModel } from '../panel-model.ts';
import { type PanelState, topScreen } from '../panel-state.ts';
import { drawEntry, drawGuest } from './code-view.ts';
import { drawConfirm, drawNaming, drawToast, drawWaiting } from './dialog-view.ts';
import { drawFailure } from './failure-view.ts';
import { drawInvite } from './invite-view.ts';
import { drawList } from './list-view.ts';
import { drawLive } from './live-view.ts';
import { drawReading } from './reading-view.ts';
import { type Levels, Scene } from './scene.ts';
import { drawStatusRow } from './status-row.ts';
import { drawTap } from './tap-view.ts';

export interface View {
  /** The buffer's own array: valid until it is drawn into again. */
  readonly frame: Frame;
  readonly brightness: number;
  /** Undefined: it stays as it is. */
  readonly changesAt: Instant | undefined;
}

/** Dim is legible in a dark room, and a fifth of the wear. */
const DIM_PART = 0.2;

export function view(
  canvas: FrameBuffer,
  state: PanelState,
  model: PanelModel,
  levels: Levels,
  now: Instant,
): View {
  const sparing = sparingNow(state, model);
  const stage = wakefulness(state.idle, sparing, now);
  canvas.clear(...pixelShift(now));
  if (stage === 'blank') return { frame: canvas.frame, brightness: 0, changesAt: undefined };
  const scene = new Scene(canvas, state, model, levels, now);
  scene.again(shiftDue(now));
  scene.again(idleDue(state.idle, sparing, now) ?? now);
  drawStatusRow(scene);
  const cover = coverOf(state, model);
  if (cover !== undefined) drawCover(scene, cover);
  else drawScreen(scene);
  if (state.toast !== undefined && now < state.toast.until) {
    scene.again(state.toast.until);
    drawToast(scene, state.toast);
  }
  const brightness = model.brightness * (stage === 'dim' ? DIM_PART : 1);
  return { frame: canvas.frame, brightness, changesAt: scene.changesAt as Instant };
}

function drawCover(scene: Scene, cover: Cover): void {
  switch (cover.kind) {
    case 'guest':
      drawGuest(scene, cover.shown);
      break;
    case 'entry':
      drawEntry(scene, cover.entry);
      break;
    case 'failure':
      drawFailure(scene, cover.cover);
      break;
    case 'waiting':
      drawWaiting(scene, cover.doing, cover.name);
      break;
  }
}

function drawScreen(scene: Scene): void {
  const screen = topScreen(scene.state);
  switch (screen.kind) {
    case 'list':
      drawList(scene, screen);
      break;
    case 'live':
      drawLive(scene, screen);
      break;
    case 'devices':
    case 'network':
    case 'about':
    case 'participant':
    case 'heard':
      drawReading(scene, screen);
      break;
    case 'confirm':
      drawConfirm(scene, screen);
      break;
    case 'naming':
      drawNaming(scene, screen);
      break;
    case 'invite':
      drawInvite(scene, screen);
      break;
    case 'tap':
      drawTap(scene, screen);
      break;
  }
}

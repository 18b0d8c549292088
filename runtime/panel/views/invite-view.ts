/**
 * The way into the session for somebody elsewhere: a code to photograph, and the link to read out.
 *
 * The light modules are lit and the dark ones dark, with a lit margin, as cameras expect it (ISO/IEC 18004). At two pixels
 * a module where that fits the height, else at one.
 */
import { BODY, elide, textWidth, wrap } from '../font.ts';
import { CANVAS_HEIGHT, CANVAS_WIDTH } from '../frame-buffer.ts';
import { named } from '../menu-entry.ts';
import type { InviteScreen } from '../panel-state.ts';
import { qrModules } from '../qr-modules.ts';
import { centred } from './dialog-view.ts';
import { drawTitle, PAGE_TOP, ROW, ROWS_TOP } from './page.ts';
import type { Scene } from './scene.ts';

/** Of modules; four are usual, and what the standard asks for. */
const MARGIN = 4;
const NARROW_MARGIN = 1;

export function drawInvite(scene: Scene, screen: InviteScreen): void {
  const { canvas, model } = scene;
  const { invitation, network } = model;
  if (invitation === undefined) {
    drawTitle(scene, 'Invite', '');
    const words = network.server.state === 'online' ? 'Asking the server' : 'No server';
    canvas.text(words, centred(textWidth(words)), ROWS_TOP + 6);
    const hint = network.server.state === 'online' ? '' : 'Click to try again';
    canvas.text(hint, centred(textWidth(hint)), ROWS_TOP + 6 + ROW);
    return;
  }
  if (screen.page === 'text') {
    drawTitle(scene, 'Invite', '');
    wrap(invitation.link, CANVAS_WIDTH, 4).forEach((line, row) => {
      canvas.text(line, 0, ROWS_TOP + row * ROW);
    });
    return;
  }
  const width = drawPicture(scene, invitation.webLink);
  const left = width + 4;
  const room = CANVAS_WIDTH - left;
  canvas.text('Scan to join', left, PAGE_TOP + 2);
  canvas.text(elide(named(model.session?.name ?? ''), room), left, PAGE_TOP + 2 + ROW);
  canvas.text('Turn: link', left, PAGE_TOP + 2 + 3 * ROW, BODY);
}

/** Gives the width it took. */
function drawPicture({ canvas }: Scene, text: string): number {
  const modules = qrModules(text);
  const wide = (modules.length + 2 * NARROW_MARGIN) * 2 <= CANVAS_HEIGHT;
  const pixels = wide ? 2 : 1;
  const margin = wide ? NARROW_MARGIN : MARGIN;
  const side = (modules.length + 2 * margin) * pixels;
  const top = wide ? 0 : PAGE_TOP + Math.floor((CANVAS_HEIGHT - PAGE_TOP - side) / 2);
  const area = { x: 0, y: top, width: side, height: side };
  canvas.fill(area);
  modules.forEach((row, y) => {
    row.forEach((dark, x) => {
      if (!dark) return;
      const place = { x: (x + margin) * pixels, y: top + (y + margin) * pixels };
      canvas.fill({ ...place, width: pixels, height: pixels }, 'clear');
    });
  });
  return side;
}

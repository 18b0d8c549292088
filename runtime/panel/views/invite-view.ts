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

/** In pixels: the four modules that the standard asks for where a module is one, two where it is two. */
const MARGIN = 4;
/** Of what is left over and under a code of two pixels a module. */
const WIDE_TOP = 2;

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
  const count = modules.length;
  const wide = count * 2 + 2 * WIDE_TOP <= CANVAS_HEIGHT;
  const pixels = wide ? 2 : 1;
  const height = wide ? CANVAS_HEIGHT : count + 2 * MARGIN;
  const width = count * pixels + 2 * MARGIN;
  const top = wide ? 0 : PAGE_TOP + Math.floor((CANVAS_HEIGHT - PAGE_TOP - height) / 2);
  const firstRow = wide ? WIDE_TOP : top + MARGIN;
  // At two pixels it needs the whole height: the status row would be cut by it.
  if (wide) canvas.fill({ x: 0, y: 0, width: CANVAS_WIDTH, height: PAGE_TOP }, 'clear');
  canvas.fill({ x: 0, y: top, width, height });
  modules.forEach((row, y) => {
    row.forEach((dark, x) => {
      if (!dark) return;
      const place = { x: MARGIN + x * pixels, y: firstRow + y * pixels };
      canvas.fill({ ...place, width: pixels, height: pixels }, 'clear');
    });
  });
  return width;
}

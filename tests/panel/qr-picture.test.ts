/** The picture on the display, read by a decoder that knows nothing of ours. */
import jsqr from 'jsqr';
import { describe, expect, test } from 'vitest';
import { isLit } from '../../runtime/panel/frame-buffer.ts';
import type { PanelInvitation } from '../../runtime/panel/joining-model.ts';
import { qrModules } from '../../runtime/panel/qr-modules.ts';
import type { Frame } from '../../runtime/ports/display.ts';
import { Hand } from './hand.ts';
import { photograph } from './photograph.ts';
import { HOSTING, INVITATION } from './sample-models.ts';

const invited = (webLink: string): Hand =>
  new Hand(HOSTING)
    .click()
    .choose('invite')
    .show({ invitation: { ...INVITATION, webLink } satisfies PanelInvitation });

/** From several distances, as a hand that holds a telephone: one of them has to do. */
function scan(frame: Frame): string | undefined {
  const read = [3, 4, 5, 6].map((scale) => decode(frame, scale));
  return read.find((text) => text !== undefined);
}

function decode(frame: Frame, scale: number): string | undefined {
  return jsqr.default(...photograph(frame, scale))?.data;
}

describe('the code to photograph', () => {
  test.each([3, 4, 6])('leads to the session, photographed at %i dots a pixel', (scale) => {
    expect(decode(invited(INVITATION.webLink).look().frame, scale)).toBe(INVITATION.webLink);
  });

  test('is drawn at two pixels a module, with a margin of one, on the whole height', () => {
    const { webLink } = INVITATION;
    const modules = qrModules(webLink).length;
    expect(modules).toBe(29);
    const { frame } = invited(webLink).look();
    const darkIn = (row: number): number =>
      Array.from({ length: 2 * modules + 8 }, (_, x) => x).filter((x) => !isLit(frame, x, row))
        .length;
    expect([darkIn(0), darkIn(1)]).toEqual([0, 0]);
    // The row of two finder patterns, of seven modules each: what is dark there is two pixels wide and high.
    expect(darkIn(2)).toBe(darkIn(3));
    expect(darkIn(2)).toBeGreaterThanOrEqual(28);
  });

  test('of a host with a long name is drawn at one pixel a module, and leads there, too', () => {
    const link = INVITATION.webLink.replace('jam.example.org', 'sessions.example.org:8443');
    const { frame } = invited(link).look();
    expect(scan(frame)).toBe(link);
    expect(isLit(frame, 0, 0)).toBe(false);
  });

  test('links as they were before are read from the picture, too', () => {
    const link = 'https://jam.example.org/i/7K3M9QZ2D4X8A#kT0bZ1xQm3hV5rYw8uN2Lg';
    expect(scan(invited(link).look().frame)).toBe(link);
  });

  test('it can be read wherever the picture stands against burn-in', () => {
    for (const minutes of [1, 2, 3]) {
      const { frame } = invited(INVITATION.webLink)
        .wait(minutes * 60_000)
        .notes()
        .look();
      expect(scan(frame), `${minutes} min`).toBe(INVITATION.webLink);
    }
  });

  test('hosts of any usual length fit', () => {
    const { webLink } = INVITATION;
    for (const host of ['a.de', 'jam.togthr.example', `${'sub.'.repeat(12)}example.org:8443`]) {
      const link = webLink.replace('jam.example.org', host);
      expect(scan(invited(link).look().frame), host).toBe(link);
    }
  });
});

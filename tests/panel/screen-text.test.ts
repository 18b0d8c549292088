import { describe, expect, test } from 'vitest';
import { Hand } from './hand.ts';
import { BOX, CROWDED } from './sample-models.ts';
import { screenText } from './screen-text.ts';
import { SCREENS } from './screens.ts';

describe('reading the display', () => {
  test('finds title, rows and the chosen one', () => {
    expect(screenText(new Hand(BOX).look().frame)).toEqual({
      title: 'Küche 1/6',
      rows: ['Rejoin Sunday jam', 'Sessions 3', 'New session', 'MIDI missing!'],
      chosen: 0,
    });
  });

  test('reads figures, marks and shortened names', () => {
    const { frame } = new Hand(BOX).choose('sessions').turn(1).look();
    expect(screenText(frame)).toEqual({
      title: 'Sessions 2/5',
      rows: [
        'Rejoin Sunday jam',
        'Sunday jam ♪120 2p',
        'Teaching stu… ♪92 11p',
        'Köln–Genève ♪140 3p',
      ],
      chosen: 1,
    });
    expect(screenText(new Hand(CROWDED).click().click().turn(2).look().frame).rows).toEqual([
      ...['Inês 34ms 0.4%', 'Björn relay 128ms', 'Attic in Reykjavík lost', 'Zoë 34ms 0.4%'],
    ]);
  });

  test('reads a picture that was shifted against burn-in', () => {
    const still = screenText(new Hand(BOX).look().frame);
    for (const minutes of [1, 2, 3]) {
      expect(screenText(new Hand(BOX).wait(minutes * 60_000).look().frame)).toEqual(still);
    }
  });

  test('takes any screen', () => {
    for (const reach of Object.values(SCREENS)) screenText(reach().look().frame);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BODY, elide, LARGE, letters, textWidth, wrap } from './font.ts';

const BOX = BODY.glyph('\ufffd');
const printable = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at));

describe('the font', () => {
  test('draws all of ASCII and Latin-1', () => {
    const missing = [
      ...printable(0x20, 0x7e),
      ...printable(0xa1, 0xac),
      ...printable(0xae, 0xff),
    ].filter((character) => BODY.glyph(character) === BOX);
    expect(missing).toEqual([]);
  });

  test('draws the letters of most languages with a Latin alphabet', () => {
    const names = 'Łukasz Żółć Dvořák Šárka Gökçe İpek Ștefan Ţepeş Őry Ūna Ħaż Œuvre “…” €';
    expect(letters(names).join('')).toBe(names);
  });

  test('no two letters look the same', () => {
    const seen = new Map<string, string>();
    const alike: string[] = [];
    for (const character of [...printable(0x21, 0x7e), ...printable(0xa1, 0xff), '–', '—', '…']) {
      // A soft hyphen is not drawn; the cedilla and the like are marks on their own.
      if (character === '\u00ad') continue;
      const { width, rows } = BODY.glyph(character);
      const picture = `${width} ${rows.join(' ')}`;
      const twin = seen.get(picture);
      if (twin !== undefined) alike.push(twin + character);
      seen.set(picture, character);
    }
    expect(alike).toEqual([]);
  });

  test('every picture stays within its cell and its width', () => {
    for (const character of [...printable(0x20, 0x17f), '…', '♪', '\ufffd']) {
      const { width, rows } = BODY.glyph(character);
      expect(rows, character).toHaveLength(BODY.height);
      expect(Math.max(...rows) < 1 << width, character).toBe(true);
    }
  });

  test('the large one is the same letters at twice the size', () => {
    expect(LARGE.glyph('A').width).toBe(2 * BODY.glyph('A').width);
    expect(LARGE.glyph('A').rows).toHaveLength(2 * BODY.height);
    expect(LARGE.glyph('漢')).toBe(LARGE.glyph('字'));
  });
});

describe('letters', () => {
  test('joins what comes as letter and mark', () => {
    expect(letters('Bjo\u0308rn')).toEqual([...'Björn']);
  });

  test('drops marks that are not drawn', () => {
    expect(letters('Việt')).toEqual([...'Viêt']);
  });

  test('gives one box for what it cannot draw, one for each that the eye sees', () => {
    expect(letters('漢a🎹')).toEqual(['\ufffd', 'a', '\ufffd']);
    expect(letters('❤️')).toEqual(['\ufffd']);
  });

  test('drops control characters and turns any space into one', () => {
    expect(letters('a\u0000\u001b\nb\u00a0c')).toEqual([...'ab c']);
  });

  test('takes broken UTF-16', () => {
    expect(letters('a\ud800b')).toHaveLength(3);
  });
});

describe('fitting', () => {
  test('a short text is left alone, a long one ends in an ellipsis', () => {
    expect(elide('Jam', 40)).toBe('Jam');
    expect(elide('Sunday jam with friends', 60)).toBe('Sunday ja…');
  });

  test('lines break at spaces, long words anywhere, and too many lines end in an ellipsis', () => {
    expect(wrap('Nobody answers at 10.0.0.9', 70, 4)).toEqual(['Nobody', 'answers at', '10.0.0.9']);
    expect(wrap('Donaudampfschiff', 50, 9).join('')).toBe('Donaudampfschiff');
    expect(wrap('a b c d e f g h', 20, 2)).toEqual(['a b', 'c…']);
  });

  test('whatever the text, it fits', () => {
    const width = fc.integer({ min: 12, max: 127 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), width, (text, most) => {
        expect(textWidth(elide(text, most))).toBeLessThanOrEqual(most);
        const lines = wrap(text, most, 4);
        expect(lines.length).toBeLessThanOrEqual(4);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(most);
      }),
    );
  });
});

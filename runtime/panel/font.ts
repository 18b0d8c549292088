/**
 * The panel's font: proportional, cap height 7, in a cell of 11 rows (two for marks, seven, two for descenders).
 *
 * Takes  text of any script.
 * Gives  pictures of its letters, its width, and how it breaks or shortens to fit. Latin letters are drawn, others
 *        lose their marks if that makes them Latin, and what is left becomes a box.
 * Unit   pixels.
 */
import { CAPITAL_ROW, COMPOSED, GLYPH_ART, MARK_ART } from './font-glyphs.ts';

export interface Glyph {
  readonly width: number;
  /** One number for each row from the top of the cell; bit x is the pixel of column x. */
  readonly rows: readonly number[];
}

export interface Font {
  readonly height: number;
  /** Row of the cell where capitals begin, and the first below the base line. */
  readonly capTop: number;
  readonly baseline: number;
  readonly spacing: number;
  glyph(character: string): Glyph;
}

const ROWS_ABOVE = 2;
const CELL_ROWS = 11;
const X_HEIGHT_TOP = 4;
const BASELINE = 9;
const REPLACEMENT = '\ufffd';
const CEDILLA = '\u0327';
const COMMA_BELOW = '\u0326';
const OGONEK = '\u0328';
const DOTLESS: Readonly<Record<string, string>> = { i: 'ı', j: 'ȷ' };

const parseRow = (art: string): number => {
  let bits = 0;
  for (let x = 0; x < art.length; x++) if (art[x] === '#') bits |= 1 << x;
  return bits;
};

/** Bands of pictures side by side, as font-glyphs.ts describes them. */
function parseBands(art: string, rowsAbove: number): Map<string, Glyph> {
  const glyphs = new Map<string, Glyph>();
  for (const band of art.split('\n\n')) {
    const [header = '', ...lines] = band.split('\n').filter((line) => line !== '');
    const names = header
      .slice(2)
      .split(/ +/)
      .filter((name) => name !== '');
    const pictures = lines.map((line) => line.trim().split(/ +/));
    names.forEach((name, column) => {
      const parts = pictures.map((row) => row[column] ?? '');
      const code = /^U\+([0-9A-F]{4})$/.exec(name)?.[1];
      glyphs.set(code === undefined ? name : String.fromCodePoint(Number.parseInt(code, 16)), {
        width: parts[0]?.length ?? 0,
        rows: [...Array<number>(rowsAbove).fill(0), ...parts.map(parseRow)],
      });
    });
  }
  return glyphs;
}

/** A capital less one row, so that a mark fits over it. */
function lowered(letter: string, glyph: Glyph): Glyph {
  const left = CAPITAL_ROW[letter] ?? 2;
  const rows = [...glyph.rows];
  rows.splice(ROWS_ABOVE + left, 1);
  rows.unshift(0);
  return { width: glyph.width, rows };
}

function compose(base: Glyph, mark: Glyph, at: number, column: number): Glyph {
  const shift = Math.max(0, -column);
  const width = Math.max(base.width + shift, column + shift + mark.width);
  const rows = base.rows.map((row) => row << shift);
  mark.rows.forEach((row, y) => {
    rows[at + y] = (rows[at + y] ?? 0) | (row << (column + shift));
  });
  return { width, rows };
}

function composed(character: string, letters: Map<string, Glyph>, marks: Map<string, Glyph>) {
  const [letter = '', mark = ''] = character.normalize('NFD');
  const capital = letter.toLowerCase() !== letter;
  const plain = letters.get(DOTLESS[letter] ?? letter);
  const sign = marks.get(mark);
  if (plain === undefined || sign === undefined) return undefined;
  const middle = Math.floor((plain.width - sign.width) / 2);
  if (mark === CEDILLA || mark === COMMA_BELOW) return compose(plain, sign, BASELINE, middle);
  if (mark === OGONEK) return compose(plain, sign, BASELINE, plain.width - sign.width);
  const base = capital ? lowered(letter, plain) : plain;
  return compose(base, sign, capital ? 0 : X_HEIGHT_TOP - 3, middle);
}

function openBodyFont(): Font {
  const glyphs = parseBands(GLYPH_ART, ROWS_ABOVE);
  const marks = parseBands(MARK_ART, 0);
  glyphs.set(' ', { width: 2, rows: Array<number>(CELL_ROWS).fill(0) });
  // The dots of i and j are not in the art of their dotless twins' marks: one pixel, one row over x-height.
  for (const [letter, dotless] of Object.entries(DOTLESS)) {
    const dot = { width: 1, rows: [1] };
    const base = glyphs.get(dotless);
    if (base) glyphs.set(letter, compose(base, dot, X_HEIGHT_TOP - 2, base.width - 1));
  }
  for (const character of COMPOSED) {
    const glyph = composed(character, glyphs, marks);
    if (glyph) glyphs.set(character, glyph);
  }
  const box = glyphs.get(REPLACEMENT) ?? { width: 0, rows: [] };
  return {
    height: CELL_ROWS,
    capTop: ROWS_ABOVE,
    baseline: BASELINE,
    spacing: 1,
    glyph: (character) => glyphs.get(character) ?? box,
  };
}

/** Twice the size, corners rounded: a pixel of the corner is filled where its two neighbours meet (Scale2x). */
function doubled(font: Font): Font {
  const cache = new Map<Glyph, Glyph>();
  const enlarge = (glyph: Glyph): Glyph => {
    const ink = (x: number, y: number): boolean =>
      x >= 0 && x < glyph.width && (((glyph.rows[y] ?? 0) >> x) & 1) === 1;
    const rows = Array<number>(glyph.rows.length * 2).fill(0);
    for (let y = 0; y < glyph.rows.length; y++) {
      for (let x = 0; x < glyph.width; x++) {
        for (const [right, below] of QUADRANTS) {
          const side = ink(x + (right ? 1 : -1), y);
          const over = ink(x, y + (below ? 1 : -1));
          const far = ink(x + (right ? -1 : 1), y);
          const under = ink(x, y + (below ? -1 : 1));
          const corner = side === over && side !== under && over !== far;
          if (corner ? side : ink(x, y)) {
            const row = y * 2 + (below ? 1 : 0);
            rows[row] = (rows[row] ?? 0) | (1 << (x * 2 + (right ? 1 : 0)));
          }
        }
      }
    }
    return { width: glyph.width * 2, rows };
  };
  return {
    height: font.height * 2,
    capTop: font.capTop * 2,
    baseline: font.baseline * 2,
    spacing: font.spacing * 2,
    glyph: (character) => {
      const small = font.glyph(character);
      const known = cache.get(small);
      if (known) return known;
      const large = enlarge(small);
      cache.set(small, large);
      return large;
    },
  };
}
const QUADRANTS = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

/** Names, menus, values. */
export const BODY: Font = openBodyFont();
/** What must be read from a music stand: bar and beat, tempo, questions. */
export const LARGE: Font = doubled(BODY);

/** What the eye counts as letters: composed, without what has no width of its own. */
export function letters(text: string): string[] {
  const found: string[] = [];
  for (const character of text.normalize('NFC')) {
    if (INVISIBLE.test(character)) continue;
    if (isDrawn(character)) found.push(character);
    else found.push(...plain(character));
  }
  return found;
}
const INVISIBLE = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;

const isDrawn = (character: string): boolean => BODY.glyph(character) !== BODY.glyph(REPLACEMENT);

/** The nearest that can be drawn: one mark instead of two, none instead of one, a box instead of nothing. */
function plain(character: string): string[] {
  if (/\p{Zs}/u.test(character)) return [' '];
  const parts = [...character.normalize('NFKD')];
  const [base = '', ...marks] = parts;
  for (const mark of marks) {
    const marked = (base + mark).normalize('NFC');
    if ([...marked].length === 1 && isDrawn(marked)) return [marked];
  }
  const unmarked = parts.filter((part) => !INVISIBLE.test(part));
  return unmarked.length > 0 && unmarked.every(isDrawn) ? unmarked : [REPLACEMENT];
}

export function textWidth(text: string, font: Font = BODY): number {
  let width = 0;
  for (const character of letters(text)) width += font.glyph(character).width + font.spacing;
  return Math.max(0, width - font.spacing);
}

/** The text, or as much of it as fits followed by an ellipsis. */
export function elide(text: string, width: number, font: Font = BODY): string {
  const all = letters(text);
  if (countThatFits(all, width, font) === all.length) return text;
  const room = width - font.glyph(ELLIPSIS).width - font.spacing;
  const kept = all.slice(0, countThatFits(all, room, font)).join('');
  return `${kept.trimEnd()}${ELLIPSIS}`;
}
const ELLIPSIS = '…';

/** How many of the letters fit, from the first. */
function countThatFits(all: readonly string[], width: number, font: Font): number {
  let used = -font.spacing;
  for (let count = 0; count < all.length; count++) {
    used += font.spacing + font.glyph(all[count] ?? '').width;
    if (used > width) return count;
  }
  return all.length;
}

/** Lines that fit, broken at spaces where there are some; the last is shortened when there are more than `most`. */
export function wrap(text: string, width: number, most: number, font: Font = BODY): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer, font) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    let rest = letters(word);
    while (lines.length <= most) {
      const count = Math.max(1, countThatFits(rest, width, font));
      if (count >= rest.length) break;
      lines.push(rest.slice(0, count).join(''));
      rest = rest.slice(count);
    }
    line = rest.join('');
  }
  if (line !== '') lines.push(line);
  if (lines.length <= most) return lines;
  const rest = lines.slice(most - 1).join(' ');
  return [...lines.slice(0, most - 1), elide(rest, width, font)];
}

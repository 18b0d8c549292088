/** The panel's signs, as pictures drawn for this project. `#` is ink. */
import type { Glyph } from './font.ts';

const icon = (...art: string[]): Glyph => ({
  width: art[0]?.length ?? 0,
  rows: art.map((row) => [...row].reduce((bits, c, x) => (c === '#' ? bits | (1 << x) : bits), 0)),
});

/** Bars of reception, none to all. */
export const LINK_BARS: readonly [Glyph, Glyph, Glyph, Glyph] = [
  icon('........', '........', '........', '........', '........', '........', '##.##.##'),
  icon('........', '........', '........', '........', '##......', '##......', '##.##.##'),
  icon('........', '........', '...##...', '...##...', '##.##...', '##.##...', '##.##.##'),
  icon('......##', '......##', '...##.##', '...##.##', '##.##.##', '##.##.##', '##.##.##'),
];
export const PERSON: Glyph = icon('.###.', '.###.', '.###.', '.....', '.###.', '#####', '#####');
export const CLOCK: Glyph = icon(
  '..###..',
  '.#...#.',
  '#..#..#',
  '#..##.#',
  '#.....#',
  '.#...#.',
  '..###..',
);
export const CLOSED_LOCK: Glyph = icon(
  '.###.',
  '#...#',
  '#...#',
  '#####',
  '##.##',
  '##.##',
  '#####',
);
export const OPEN_LOCK: Glyph = icon(
  '....##.',
  '...#..#',
  '...#..#',
  '#####..',
  '##.##..',
  '##.##..',
  '#####..',
);
/** Through somebody else: a relay, the server, another participant. */
export const RELAY: Glyph = icon(
  '...###...',
  '..#...##.',
  '.#......#',
  '#.......#',
  '#.......#',
  '.#######.',
);
export const HOST: Glyph = icon('#..#..#', '##.#.##', '#######', '.#####.', '.#####.');
export const MUTED: Glyph = icon('..#....', '.##.#.#', '###..#.', '###..#.', '.##.#.#', '..#....');
export const RECORD: Glyph = icon('.###.', '#####', '#####', '#####', '.###.');
export const CHOSEN: Glyph = icon('#...', '##..', '###.', '####', '###.', '##..', '#...');
export const LESS: Glyph = icon('..#', '.##', '###', '.##', '..#');
export const MORE: Glyph = icon('#..', '##.', '###', '##.', '#..');
export const TICK: Glyph = icon('......#', '.....#.', '#...#..', '.#.#...', '..#....');
export const STOP: Glyph = icon('#####', '#####', '#####', '#####', '#####');
export const WARNING: Glyph = icon(
  '.....#.....',
  '....###....',
  '....#.#....',
  '...##.##...',
  '...#...#...',
  '..##.#.##..',
  '..#..#..#..',
  '.##..#..##.',
  '.#.......#.',
  '##...#...##',
  '###########',
);

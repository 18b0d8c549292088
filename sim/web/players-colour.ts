/**
 * How each player looks on the page, by box: a colour that most colour-blind eyes tell apart on dark ground (after Okabe and
 * Ito, 2008), and a dash pattern for plots. The number of the box is always written beside it.
 */
export interface PlayerLook {
  readonly colour: string;
  readonly dash: readonly number[];
}

const LOOKS: readonly PlayerLook[] = [
  { colour: '#f2b544', dash: [] },
  { colour: '#5fb8f0', dash: [7, 3] },
  { colour: '#3fd0a2', dash: [2, 3] },
  { colour: '#e887b8', dash: [9, 3, 2, 3] },
  { colour: '#f3e96b', dash: [4, 2] },
  { colour: '#f07f4f', dash: [1, 2] },
  { colour: '#a99bff', dash: [12, 3] },
  { colour: '#d5d2ca', dash: [5, 2, 1, 2] },
];

/** `index` is the number of the box, from 1; 0 for someone who is no box of this simulator. */
export function lookOf(index: number): PlayerLook {
  return LOOKS[(index + LOOKS.length - 1) % LOOKS.length] ?? { colour: '#d5d2ca', dash: [] };
}

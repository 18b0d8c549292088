/** The shape and colour of a fate, as the roll draws it, for legends. */
import type { SimNoteFate } from '../../app/prediction-protocol.ts';
import { FATES, type NoteShape } from './fates.ts';

export function FateMark({
  fate,
  plain,
}: {
  readonly fate: SimNoteFate;
  /** Without its colour: colours tell something else. */
  readonly plain: boolean;
}) {
  const { colour, shape } = FATES[fate];
  return (
    <svg
      class="fate"
      viewBox="0 0 24 12"
      aria-hidden="true"
      style={{ color: plain ? 'var(--soft)' : colour }}
    >
      {SHAPES[shape]()}
    </svg>
  );
}

const SHAPES: Readonly<Record<NoteShape, () => preact.JSX.Element>> = {
  bar: () => <rect x="2" y="2.5" width="20" height="7" fill="currentColor" />,
  hollow: () => (
    <rect
      x="2.5"
      y="3"
      width="19"
      height="6"
      fill="currentColor"
      fill-opacity="0.25"
      stroke="currentColor"
      stroke-dasharray="3 2"
    />
  ),
  pill: () => <rect x="2" y="2.5" width="20" height="7" rx="3.5" fill="currentColor" />,
  wedge: () => (
    <>
      <rect x="2" y="4" width="20" height="4" fill="currentColor" />
      <path d="M2 1l8 5-8 5z" fill="currentColor" />
    </>
  ),
  striped: () => (
    <path
      d="M2 2.5h3v7h-3zM7 2.5h3v7h-3zM12 2.5h3v7h-3zM17 2.5h2v7h-2zM20 .5h2v11h-2z"
      fill="currentColor"
    />
  ),
  crossed: () => (
    <>
      <rect x="2.5" y="3" width="19" height="6" fill="none" stroke="currentColor" />
      <path d="M0 1.5l8 9m0-9l-8 9" stroke="currentColor" stroke-width="2" fill="none" />
    </>
  ),
};

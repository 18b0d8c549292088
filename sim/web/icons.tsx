/** Small pictures on buttons. The button says what it does; these are decoration. */
const PATHS = {
  play: 'M5 3.5v9l7.5-4.5z',
  stop: 'M4 4h8v8H4z',
  loop: 'M4.5 6.5A4 4 0 0 1 11 5l1.5 1.5M12.5 3v3.5H9M11.5 9.5A4 4 0 0 1 5 11L3.5 9.5M3.5 13V9.5H7',
  sound: 'M2.5 6v4H5l3.5 3V3L5 6zM11 5.5a3.5 3.5 0 0 1 0 5M12.7 3.6a6 6 0 0 1 0 8.8',
  closed: 'M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  open: 'M3.5 7.5h9v6h-9zM10 7.5V5a2.5 2.5 0 0 1 5 0v1',
  mute: 'M2.5 6v4H5l3.5 3V3L5 6zM11 6l4 4M15 6l-4 4',
} as const;

/** Drawn with lines rather than filled. */
const LINES: ReadonlySet<string> = new Set(['loop', 'closed', 'open']);

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  const line = LINES.has(name);
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill={line ? 'none' : 'currentColor'}
        stroke="currentColor"
        stroke-width={line ? 1.5 : 1}
        stroke-linejoin="round"
        stroke-linecap="round"
      />
    </svg>
  );
}

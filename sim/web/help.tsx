/** What one can do on this page, over it. */
import { useEffect, useRef } from 'preact/hooks';
import { useJam } from './jam.ts';

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['A W S E D F T G Y H U J K', 'play the selected box, like a piano'],
  ['Z  X', 'octave down, up'],
  ['1 to 8', 'select a box'],
  ['Esc', 'panic: all notes off, everywhere'],
  ['?', 'this help'],
];

const KNOB: readonly (readonly [gesture: string, does: string])[] = [
  ['drag, wheel, ← →', 'turn: move in the menu'],
  ['click, Enter', 'press: enter, or edit'],
  ['hold', 'back'],
  ['double-click', 'live screen'],
  ['hold 2 s', 'power menu'],
  ['push and turn', 'panic: all notes off'],
];

export function Help() {
  const jam = useJam();
  const dialog = useRef<HTMLDialogElement>(null);
  const open = jam.helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-label="Help"
      onClose={() => {
        jam.helpOpen.value = false;
      }}
    >
      <h2>How to play</h2>
      <p>
        Each box is a whole one: its display, knob and lights, and the real protocols, with a bad
        network between them. Turn on the sound to hear what one of them hears.
      </p>
      <div class="columns">
        <Keys title="Computer keys" rows={KEYS} />
        <Keys title="The knob" rows={KNOB} />
      </div>
      <h3>Joining a stranger</h3>
      <p>
        A box that has never met the host is asked for the six digits on the host's display: turn to
        a digit, click for the next one. From then on both know each other.
        {jam.acquainted.value
          ? ' These boxes have met: start the simulator with --strangers to see it.'
          : ''}
      </p>
      <h3>The roll</h3>
      <p>
        An outline is a note as it was <em>played</em>, a triangle its <em>arrival</em> at the box
        that is listened to, a bar what that box <em>heard</em>; the dotted line between is the
        delay. Shape and colour tell what became of it: a note that is far away is{' '}
        <em>predicted</em>, sounds before it came, and is <em>confirmed</em> when it does, or{' '}
        <em>false</em>. To the right of the present lies what is <em>expected</em>.
      </p>
      <form method="dialog">
        <button type="submit" class="strong">
          Play
        </button>
        <span class="version">{jam.version.value}</span>
      </form>
    </dialog>
  );
}

function Keys({
  title,
  rows,
}: {
  readonly title: string;
  readonly rows: readonly (readonly [string, string])[];
}) {
  return (
    <div>
      <h3>{title}</h3>
      <dl>
        {rows.map(([keys, does]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/**
 * What fingers on this page hold on one box, whichever way they play: mouse, touch, computer keys, Web MIDI.
 *
 * Takes  "this finger goes down on that key", and up again.
 * Gives  note-ons and note-offs. A key that two fingers hold ends with the second; a finger's note ends on the key it
 *        began on, although the octave has moved since.
 */
export interface Hand {
  down(finger: string, channel: number, key: number, velocity: number): void;
  up(finger: string): void;
  /** Every finger whose name begins so; all when nothing is said. */
  allUp(prefix?: string): void;
  /** Forgets what is held without a word: the other end is gone and has let go by itself. */
  forget(): void;
}

const NOTE_ON = 0x90;
const NOTE_OFF = 0x80;

export function openHand(send: (message: readonly number[]) => void): Hand {
  const fingers = new Map<string, number>();
  const holders = new Map<number, number>();

  const up = (finger: string): void => {
    const note = fingers.get(finger);
    if (note === undefined) return;
    fingers.delete(finger);
    const left = (holders.get(note) ?? 1) - 1;
    if (left > 0) holders.set(note, left);
    else {
      holders.delete(note);
      send([NOTE_OFF | (note >> 7), note & 0x7f, 64]);
    }
  };

  return {
    down(finger, channel, key, velocity) {
      up(finger);
      if (key < 0 || key > 127) return;
      const note = (channel << 7) | key;
      fingers.set(finger, note);
      holders.set(note, (holders.get(note) ?? 0) + 1);
      send([NOTE_ON | channel, key, Math.min(127, Math.max(1, Math.round(velocity)))]);
    },
    up,
    allUp(prefix = '') {
      for (const finger of [...fingers.keys()]) if (finger.startsWith(prefix)) up(finger);
    },
    forget() {
      fingers.clear();
      holders.clear();
    },
  };
}

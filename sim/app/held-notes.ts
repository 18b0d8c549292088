/**
 * What a page holds down on one box, so that it can be let go when the page closes in mid-jam.
 *
 * Takes  whole MIDI messages, each with its status octet (a page sends no running status).
 * Gives  the messages that end what is still held: note-offs and pedals up.
 * Keeps  keys and sustain pedals by channel; at most 16 x 128 and 16.
 */
export interface HeldNotes {
  /** Follows the messages. False, having followed none, when these are not whole messages. */
  follow(bytes: Uint8Array): boolean;
  /** Whole messages that end all that is held, empty when nothing is; it is forgotten then. */
  release(): Uint8Array;
  /** Keys held. */
  readonly size: number;
}

const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;
const CONTROL_CHANGE = 0xb0;
const SUSTAIN = 64;
const RELEASE_VELOCITY = 64;

export function trackHeldNotes(): HeldNotes {
  const keys = new Set<number>();
  const pedals = new Set<number>();

  const followOne = (bytes: Uint8Array, at: number): void => {
    const status = bytes[at] ?? 0;
    const first = bytes[at + 1] ?? 0;
    const second = bytes[at + 2] ?? 0;
    const channel = status & 0x0f;
    const kind = status & 0xf0;
    const key = (channel << 7) | first;
    if (kind === NOTE_ON && second > 0) keys.add(key);
    else if (kind === NOTE_ON || kind === NOTE_OFF) keys.delete(key);
    else if (kind === CONTROL_CHANGE && first === SUSTAIN) {
      if (second >= 64) pedals.add(channel);
      else pedals.delete(channel);
    }
  };

  return {
    follow(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const length = messageLength(bytes, at);
        if (length === 0) return false;
        at += length;
      }
      for (let at = 0; at < bytes.length; at += messageLength(bytes, at)) followOne(bytes, at);
      return bytes.length > 0;
    },
    release() {
      const out: number[] = [];
      for (const key of keys) out.push(NOTE_OFF | (key >> 7), key & 0x7f, RELEASE_VELOCITY);
      for (const channel of pedals) out.push(CONTROL_CHANGE | channel, SUSTAIN, 0);
      keys.clear();
      pedals.clear();
      return Uint8Array.from(out);
    },
    get size() {
      return keys.size;
    },
  };
}

/** Octets of the message that begins at `at`; 0 when there is no whole one (MIDI 1.0 Detailed Specification, table 1). */
function messageLength(bytes: Uint8Array, at: number): number {
  const status = bytes[at] ?? 0;
  if (status === 0xf0) {
    for (let end = at + 1; end < bytes.length; end++) {
      const octet = bytes[end] ?? 0;
      if (octet === 0xf7) return end + 1 - at;
      if (octet >= 0x80) return 0;
    }
    return 0;
  }
  const length = fixedLength(status);
  if (at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i] ?? 0x80) >= 0x80) return 0;
  return length;
}

function fixedLength(status: number): number {
  if (status < 0x80) return 0;
  if (status < 0xf0) return (status & 0xe0) === 0xc0 ? 2 : 3;
  switch (status) {
    case 0xf1:
    case 0xf3:
      return 2;
    case 0xf2:
      return 3;
    case 0xf6:
    case 0xf8:
    case 0xfa:
    case 0xfb:
    case 0xfc:
    case 0xfe:
    case 0xff:
      return 1;
    default:
      return 0; // F4, F5, F9 and FD are not defined; a lone F7 ends nothing
  }
}

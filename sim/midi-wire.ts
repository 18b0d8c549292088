/**
 * MIDI without hardware: a wire with the speed of a DIN cable, and an input that is fed by hand.
 *
 * Takes  whole messages at their `due` (MidiOutput), or bytes (feed).
 * Gives  them at the far end, a MidiInput, when the last byte has arrived.
 * Keeps  time by the clock it is given: as exact on a virtual clock as on a real one.
 */
import { Listeners } from '../runtime/core/listeners.ts';
import type { Instant, Micros } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { MidiInput } from '../runtime/ports/midi-input.ts';
import type { MidiOutput } from '../runtime/ports/midi-output.ts';

/** One start bit, eight data bits and one stop bit at 31,250 baud (MIDI 1.0 Electrical Specification). */
const DIN_BYTE_TIME: Micros = 320 as Micros;
const CAPACITY = 256;
/** A SysEx with more than this to go is ended early by a flush. */
const WORTH_CUTTING = 64;
const END_OF_SYSEX = 0xf7;

export interface SimMidiInput extends MidiInput {
  /** Bytes arrive, now unless `at` says otherwise. */
  feed(bytes: Uint8Array, at?: Instant): void;
  /** The device goes away. */
  unplug(): void;
}

export function openSimMidiInput(
  deps: { readonly clock: Clock },
  init: { readonly name?: string } = {},
): SimMidiInput {
  const bytesListeners = new Listeners<[Uint8Array, Instant]>();
  const lostListeners = new Listeners<[]>();
  let open = true;
  return {
    name: init.name ?? 'virtual wire',
    onBytes: (listener) => bytesListeners.add(listener),
    onLost: (listener) => lostListeners.add(listener),
    feed(bytes, at) {
      if (open && bytes.length > 0) bytesListeners.emit(bytes, at ?? deps.clock.now());
    },
    unplug() {
      if (!open) return;
      open = false;
      lostListeners.emit();
    },
    async [Symbol.asyncDispose]() {
      open = false;
      bytesListeners.clear();
      lostListeners.clear();
    },
  };
}

export interface SimMidiWireInit {
  readonly name?: string;
  /** How long a byte takes. Default: as on a DIN cable. */
  readonly byteTime?: Micros;
  /** Messages that wait at most. Default 256. */
  readonly capacity?: number;
}

export interface SimMidiWire {
  /** Where the box writes. */
  readonly output: MidiOutput;
  /** What a synthesizer at the other end hears. */
  readonly far: MidiInput;
  /** Pulls the cable: both ends are lost, and with them what was on the way. */
  unplug(): void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly due: Instant;
  readonly tag: number;
}

export function openSimMidiWire(
  deps: { readonly clock: Clock },
  init: SimMidiWireInit = {},
): SimMidiWire {
  const { clock } = deps;
  const name = init.name ?? 'virtual wire';
  const byteTime = init.byteTime ?? DIN_BYTE_TIME;
  const capacity = init.capacity ?? CAPACITY;
  const far = openSimMidiInput(deps, { name });
  const sentListeners = new Listeners<[number, Instant | undefined]>();
  const lostListeners = new Listeners<[]>();
  /** In order of `due`, equal ones in call order. */
  let waiting: Waiting[] = [];
  let onWire:
    | { readonly bytes: Uint8Array; readonly start: Instant; readonly end: Instant }
    | undefined;
  let open = true;
  let closing = false;
  let closed: Promise<void> | undefined;
  let drained: (() => void) | undefined;
  const alarm = clock.alarm(step);

  /** The far end hears what has arrived, and the next message that is due starts. */
  function step(): void {
    for (;;) {
      const now = clock.now();
      if (onWire !== undefined) {
        if (now < onWire.end) break;
        const { bytes, end } = onWire;
        onWire = undefined;
        far.feed(bytes, end);
        continue;
      }
      const next = waiting[0];
      if (next === undefined || next.due > now) break;
      waiting.shift();
      onWire = carry(next.bytes, now);
      sentListeners.emit(next.tag, now);
    }
    wait();
  }

  function wait(): void {
    const due = onWire?.end ?? waiting[0]?.due;
    if (due !== undefined) alarm.set(due);
    else drained?.();
  }

  function carry(bytes: Uint8Array, start: Instant): typeof onWire {
    return { bytes, start, end: (start + bytes.length * byteTime) as Instant };
  }

  /** Ends a long message that is under way. */
  function cut(): void {
    if (onWire === undefined) return;
    const { bytes, start } = onWire;
    const sent = Math.max(1, Math.ceil((clock.now() - start) / byteTime));
    if (bytes.length - sent <= WORTH_CUTTING) return;
    onWire = carry(Uint8Array.from([...bytes.subarray(0, sent), END_OF_SYSEX]), start);
    wait();
  }

  function drop(gone: readonly Waiting[]): void {
    for (const { tag } of gone) sentListeners.emit(tag, undefined);
  }

  const output: MidiOutput = {
    name,
    send(bytes, due, tag) {
      if (!open || closing || waiting.length >= capacity) return false;
      let at = waiting.length;
      while (at > 0 && (waiting[at - 1]?.due ?? due) > due) at--;
      waiting.splice(at, 0, { bytes: bytes.slice(), due, tag });
      wait();
      return true;
    },
    flush() {
      cut();
      const gone = waiting;
      waiting = [];
      drop(gone);
    },
    onSent: (listener) => sentListeners.add(listener),
    onLost: (listener) => lostListeners.add(listener),
    [Symbol.asyncDispose]() {
      closing = true;
      closed ??= (async () => {
        if (!open) return;
        const now = clock.now();
        const gone = waiting.filter(({ due }) => due > now);
        waiting = waiting.filter(({ due }) => due <= now);
        drop(gone);
        if (waiting.length > 0 || onWire !== undefined) {
          await new Promise<void>((resolve) => {
            drained = resolve;
            wait();
          });
        }
        open = false;
        alarm[Symbol.dispose]();
        sentListeners.clear();
        lostListeners.clear();
      })();
      return closed;
    },
  };

  return {
    output,
    far,
    unplug() {
      if (!open) return;
      open = false;
      onWire = undefined;
      alarm.clear();
      const gone = waiting;
      waiting = [];
      drop(gone);
      drained?.();
      lostListeners.emit();
      far.unplug();
    },
  };
}

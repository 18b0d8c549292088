/**
 * MIDI sync on a virtual clock: what streams bring and when it arrives, and what the instruments are given.
 */
import type { MidiMessage } from '../runtime/core/midi-message.ts';
import { fromMillis, type Instant, instant, type Micros } from '../runtime/core/time.ts';
import { type MidiSync, type MidiSyncInit, openMidiSync } from '../runtime/midi-sync/midi-sync.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';

export interface GivenMessage {
  readonly message: MidiMessage;
  readonly at: number;
  /** When it was given: before it is due, or late. */
  readonly givenAt: number;
}

export interface SyncRig {
  readonly clock: VirtualClock;
  readonly sync: MidiSync;
  readonly given: GivenMessage[];
  /** Brings a message after a way of `delay` milliseconds; times are milliseconds since the rig began. */
  bring(message: MidiMessage, performed: number, how?: Partial<Bringing>): void;
  /** Until so many milliseconds after the rig began. */
  runTo(millis: number): void;
  /** Kinds given but for clocks, with when they are due (milliseconds since the rig began). */
  transport(): readonly (readonly [kind: string, at: number])[];
}

interface Bringing {
  readonly source: string;
  readonly delay: number;
  readonly recovered: boolean;
  readonly lost: number;
}

export const CLOCK: MidiMessage = { kind: 'timingClock' };
export const START: MidiMessage = { kind: 'start' };
export const STOP: MidiMessage = { kind: 'stop' };
export const CONTINUE: MidiMessage = { kind: 'continue' };
export const songPosition = (beats: number): MidiMessage => ({ kind: 'songPosition', beats });

export function openSyncRig(init: Partial<MidiSyncInit> = {}): SyncRig {
  const clock = new VirtualClock();
  const origin = clock.now();
  const given: GivenMessage[] = [];
  const sync = openMidiSync(
    {
      clock,
      ensembleClock: {
        toEnsemble: (local) => (local + 7e6) as never,
        toLocal: (time) => (time - 7e6) as never,
        synced: true,
      },
      play: (message, due) => given.push({ message, at: due, givenAt: clock.now() }),
      delayOf: () => undefined,
    },
    { clockOut: 'follow', timeCodeOut: 'follow', delay: fromMillis(30), ...init },
  );
  return {
    clock,
    sync,
    given,
    bring(message, performed, { source = 'peer', delay = 10, recovered = false, lost = 0 } = {}) {
      const at = instant(origin + performed * 1_000);
      clock
        .alarm(() => sync.receive(source, message, at, recovered, lost))
        .set(Math.round(at + delay * 1_000) as Instant);
    },
    runTo(millis) {
      clock.advanceTo((origin + millis * 1_000) as Instant);
    },
    transport: () =>
      given
        .filter(({ message }) => message.kind !== 'timingClock')
        .map(({ message, at }) => [
          message.kind === 'songPosition' ? `songPosition ${message.beats}` : message.kind,
          Math.round((at - origin) / 1_000),
        ]),
  };
}

/** The length of a clock. */
export function periodOf(bpm: number): Micros {
  return (60e6 / (bpm * 24)) as Micros;
}

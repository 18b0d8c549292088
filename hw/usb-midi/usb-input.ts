/**
 * A class-compliant USB MIDI device, or any other MIDI port of the operating system, as an input.
 *
 * Takes  whole messages from RtMidi (@julusian/midi), whose callback runs on this thread.
 * Gives  them as bytes with the instant when they arrived here.
 * Keeps  an eye on the list of ports: RtMidi does not tell when a device is unplugged.
 * Lane   0.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PortError } from '../../runtime/core/errors.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import { after, fromSeconds, type Instant } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { MidiInput } from '../../runtime/ports/midi-input.ts';

type RtMidi = typeof import('@julusian/midi');

const LOOK = fromSeconds(1);
/** ALSA's loop from outputs to inputs is no instrument. */
const LOOPS = /^midi through/i;

/** Names of the MIDI inputs or outputs that the system has now; empty when it has no MIDI at all. */
export function listUsbPorts(direction: 'input' | 'output'): readonly string[] {
  if (!hasSequencer()) return [];
  try {
    const { Input, Output } = loadRtMidi();
    const names = direction === 'input' ? Input.getPortNames() : Output.getPortNames();
    return names.filter((name) => !LOOPS.test(name));
  } catch {
    return []; // the sequencer may not be used by us, so there is no port: doctor says why
  }
}

/** Rejects with PortError 'unavailable' when there is no port of that name, or no MIDI on this system. */
export async function openUsbInput(
  deps: { readonly clock: Clock },
  init: { readonly name: string },
): Promise<MidiInput> {
  const { clock } = deps;
  const { name } = init;
  const input = openPort(name);
  const bytesListeners = new Listeners<[bytes: Uint8Array, at: Instant]>();
  const lostListeners = new Listeners<[]>();
  let open = true;
  const close = (): void => {
    open = false;
    alarm[Symbol.dispose]();
    input.destroy();
  };
  const alarm = clock.alarm(() => {
    if (!open) return;
    if (listUsbPorts('input').includes(name)) {
      alarm.set(after(clock.now(), LOOK));
      return;
    }
    close();
    lostListeners.emit();
  });
  input.on('messageBuffer', (_sinceLast, message) => {
    if (open) bytesListeners.emit(message, clock.now());
  });
  alarm.set(after(clock.now(), LOOK));
  return {
    name,
    onBytes: (listener) => bytesListeners.add(listener),
    onLost: (listener) => lostListeners.add(listener),
    async [Symbol.asyncDispose]() {
      if (open) close();
      bytesListeners.clear();
      lostListeners.clear();
    },
  };
}

function openPort(name: string): InstanceType<RtMidi['Input']> {
  if (!hasSequencer()) {
    throw new PortError('unavailable', 'this system has no MIDI ports; togthr doctor says why');
  }
  let input: InstanceType<RtMidi['Input']>;
  try {
    input = new (loadRtMidi().Input)();
  } catch (cause) {
    throw new PortError('denied', "the system's MIDI ports may not be used", { cause });
  }
  const names = listUsbPorts('input');
  if (!names.includes(name)) {
    input.destroy();
    const known = names.map((one) => `"${one}"`).join(', ') || 'none';
    throw new PortError('unavailable', `there is no MIDI input "${name}"; there is ${known}`);
  }
  // SysEx, clock and active sensing are for the filters to decide on.
  input.ignoreTypes(false, false, false);
  input.openPortByName(name);
  return input;
}

/** Without ALSA's sequencer RtMidi's native part complains on stderr, so it is not even asked. */
function hasSequencer(): boolean {
  return process.platform !== 'linux' || existsSync('/dev/snd/seq');
}

/** Loaded when it is needed. */
function loadRtMidi(): RtMidi {
  return createRequire(import.meta.url)('@julusian/midi') as RtMidi;
}

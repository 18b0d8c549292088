/**
 * The MIDI devices of this machine: those that the settings name, or all that are found.
 *
 * Takes  device names as in the settings: `din:PATH`, `usb:NAME`, `file:PATH`, or `auto`.
 * Gives  open inputs and outputs to whoever plugs them in, and lines for people about what is there and what is missing.
 * Keeps  looking, every LOOK_AGAIN, for a device that is missing or was lost; the box plays on without it.
 * Lane   0 for the devices, 4 for the looking.
 */
import { existsSync } from 'node:fs';
import { PortError } from '../runtime/core/errors.ts';
import { Teardown } from '../runtime/core/lifecycle.ts';
import type { Log } from '../runtime/core/log.ts';
import { after, fromSeconds } from '../runtime/core/time.ts';
import type { OutputScheduler } from '../runtime/platform/output-scheduler.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { MidiInput } from '../runtime/ports/midi-input.ts';
import type { MidiOutput } from '../runtime/ports/midi-output.ts';
import type { MidiDevices, Settings } from '../runtime/settings/settings.ts';
import { openDinInput } from './din-uart/din-input.ts';
import { openDinOutput } from './din-uart/din-output.ts';
import { listUsbPorts, openUsbInput } from './usb-midi/usb-input.ts';

export interface MidiDevicesDeps {
  readonly clock: Clock;
  readonly scheduler: OutputScheduler;
  readonly log: Log;
}

/** Where devices are plugged in; the handle unplugs, and closes the device. */
export interface MidiSockets {
  readonly input: (input: MidiInput) => AsyncDisposable;
  readonly output: (output: MidiOutput) => AsyncDisposable;
}

/** UARTs that carry a DIN socket on the boards we know. */
const USUAL_UARTS = ['/dev/ttyAMA0', '/dev/serial0'];
const LOOK_AGAIN = fromSeconds(2);

/** Resolves when every device has been looked for once. A missing device is told to `tell`, never thrown. */
export async function openMidiDevices(
  deps: MidiDevicesDeps,
  wanted: Pick<Settings['midi'], 'inputs' | 'outputs'>,
  sockets: MidiSockets,
  tell: (line: string) => void,
): Promise<AsyncDisposable> {
  const held = new Teardown();
  const { clock } = deps;
  const inputs = list(wanted.inputs, 'input');
  const outputs = list(wanted.outputs, 'output');
  const slots = [
    ...inputs.map(
      (spec) =>
        new DeviceSlot(clock, 'input', spec, tell, async () => {
          const device = await openInput(deps, spec);
          return { device, plugged: sockets.input(device) };
        }),
    ),
    ...outputs.map(
      (spec) =>
        new DeviceSlot(clock, 'output', spec, tell, async () => {
          const device = await openOutput(deps, spec);
          return { device, plugged: sockets.output(device) };
        }),
    ),
  ];
  for (const slot of slots) held.hold(slot);
  if (inputs.length === 0) tell(nothing('input', '--midi-in'));
  if (outputs.length === 0) tell(nothing('output', '--midi-out'));
  await Promise.all(slots.map((slot) => slot.look()));
  return held;
}

function list(devices: MidiDevices, direction: 'input' | 'output'): readonly string[] {
  if (devices !== 'auto') return devices;
  const uart = USUAL_UARTS.find((path) => existsSync(path));
  const usb = listUsbPorts(direction).map((name) => `usb:${name}`);
  return uart === undefined ? usb : [`din:${uart}`, ...usb];
}

/** `din:/dev/ttyAMA0` in its two parts; the settings' schema has checked the form. */
function split(spec: string): { readonly kind: string; readonly place: string } {
  const colon = spec.indexOf(':');
  return { kind: spec.slice(0, colon), place: spec.slice(colon + 1) };
}

async function openInput({ clock }: MidiDevicesDeps, spec: string): Promise<MidiInput> {
  const { kind, place } = split(spec);
  if (kind === 'usb') return openUsbInput({ clock }, { name: place });
  return openDinInput({ clock }, { path: place });
}

async function openOutput({ scheduler }: MidiDevicesDeps, spec: string): Promise<MidiOutput> {
  const { kind, place } = split(spec);
  if (kind === 'usb') return scheduler.open({ kind: 'usb', portName: place });
  if (kind === 'file') return scheduler.open({ kind: 'file', path: place });
  return openDinOutput({ scheduler }, { path: place });
}

function nothing(direction: 'input' | 'output', flag: string): string {
  return `No MIDI ${direction} was found; plug one in, or name it with ${flag} din:PATH.`;
}

interface Opened {
  readonly device: MidiInput | MidiOutput;
  readonly plugged: AsyncDisposable;
}

/** One device that is wanted: open, or looked for. */
class DeviceSlot implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #what: string;
  readonly #tell: (line: string) => void;
  readonly #open: () => Promise<Opened>;
  readonly #alarm: ReturnType<Clock['alarm']>;
  #opened: Opened | undefined;
  #told = '';
  #closed = false;

  constructor(
    clock: Clock,
    direction: 'input' | 'output',
    spec: string,
    tell: (line: string) => void,
    open: () => Promise<Opened>,
  ) {
    this.#clock = clock;
    this.#what = `MIDI ${direction} ${spec}`;
    this.#tell = tell;
    this.#open = open;
    this.#alarm = clock.alarm(() => void this.look());
  }

  /** Never rejects but for a bug of ours. */
  async look(): Promise<void> {
    try {
      const opened = await this.#open();
      if (this.#closed) {
        await opened.plugged[Symbol.asyncDispose]();
        return;
      }
      this.#opened = opened;
      opened.device.onLost(() => void this.#lost());
      this.#say(`${this.#what}: ready`);
    } catch (failure) {
      if (!(failure instanceof PortError)) throw failure;
      this.#say(`${this.#what}: ${failure.message}`); // it may be plugged in later
      this.#lookLater();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#alarm[Symbol.dispose]();
    await this.#opened?.plugged[Symbol.asyncDispose]();
    this.#opened = undefined;
  }

  async #lost(): Promise<void> {
    const { plugged } = this.#opened ?? {};
    this.#opened = undefined;
    this.#say(`${this.#what}: lost; looking for it`);
    await plugged?.[Symbol.asyncDispose]();
    this.#lookLater();
  }

  #lookLater(): void {
    if (!this.#closed) this.#alarm.set(after(this.#clock.now(), LOOK_AGAIN));
  }

  /** Says a thing once, until it changes. */
  #say(line: string): void {
    if (line === this.#told) return;
    this.#told = line;
    this.#tell(line);
  }
}

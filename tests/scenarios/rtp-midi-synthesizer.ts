/**
 * What a synthesizer, a sequencer and a tape machine make of a MIDI stream, by the MIDI specification alone: it knows
 * nothing of journals, and shares no code with the runtime.
 *
 * Takes  messages, in order. Gives the state that they leave, and lists what differs from another one.
 * Keeps  a value of UNSET wherever nothing was said since it was made or reset.
 */
import type { ChannelMessage, MidiMessage } from '../../runtime/core/midi-message.ts';
import { SyntheticTransport } from './rtp-midi-transport.ts';

export const UNSET = -1;
const KEYS = 128;
const NULL_NUMBER = 127;

interface Entered {
  msb: number;
  lsb: number;
  /** Increments less decrements since the last entry. */
  steps: number;
}

export class SyntheticChannel {
  /** Of the newest NoteOn; 0 when the newest command was a NoteOff. */
  readonly velocity: Uint8Array = new Uint8Array(KEYS);
  /** NoteOns without their NoteOff: a synthesizer that counts them ends the note at 0. */
  readonly references: Int16Array = new Int16Array(KEYS);
  readonly onAt: Float64Array = new Float64Array(KEYS);
  readonly controllers: Int16Array = new Int16Array(KEYS).fill(UNSET);
  readonly pressures: Int16Array = new Int16Array(KEYS).fill(UNSET);
  readonly pressureAt: Float64Array = new Float64Array(KEYS);
  readonly parameters: Map<string, Entered> = new Map();
  program: string = '';
  bank: number = UNSET;
  bankLsb = 0;
  wheel: number = UNSET;
  pressure: number = UNSET;
  omni: number = UNSET;
  mono: number = UNSET;
  /** The parameter that data entry goes to; '' for none, undefined when nothing was said of it. */
  selected: string | undefined;
  /** The first half of a parameter's number was said: it is no other player's. */
  numbered = false;
  /** After power-up and CC 121 the null parameter is selected. */
  #halfMsb = NULL_NUMBER;
  #nrpn = false;

  take(message: ChannelMessage, now: number): void {
    switch (message.kind) {
      case 'noteOn':
        this.velocity[message.key] = message.velocity;
        this.references[message.key] = (this.references[message.key] ?? 0) + 1;
        this.onAt[message.key] = now;
        return;
      case 'noteOff':
        this.velocity[message.key] = 0;
        this.references[message.key] = Math.max(0, (this.references[message.key] ?? 0) - 1);
        return;
      case 'polyPressure':
        this.pressures[message.key] = message.pressure;
        this.pressureAt[message.key] = now;
        return;
      case 'programChange':
        this.program = `${message.program} of bank ${this.bank} ${this.bank < 0 ? 0 : this.bankLsb}`;
        return;
      case 'channelPressure':
        this.pressure = message.pressure;
        return;
      case 'pitchBend':
        this.wheel = message.value;
        return;
      case 'controlChange':
        this.#control(message.controller, message.value);
    }
  }

  #control(controller: number, value: number): void {
    switch (controller) {
      case 0:
        this.bank = value;
        this.bankLsb = 0;
        return;
      case 32:
        this.bankLsb = value;
        return;
      case 99:
      case 101:
        this.#nrpn = controller === 99;
        this.#halfMsb = value;
        this.numbered = true;
        this.selected = `half ${this.#nrpn} ${value}`;
        return;
      case 98:
      case 100:
        this.#nrpn = controller === 98;
        this.selected =
          value === NULL_NUMBER && this.#halfMsb === NULL_NUMBER
            ? ''
            : `${this.#nrpn} ${this.#halfMsb} ${value}`;
        return;
      case 6:
      case 38:
      case 96:
      case 97:
        this.#enter(controller, value);
        return;
      case 120:
      case 123:
        this.silence();
        return;
      case 121:
        this.#resetControllers();
        return;
      case 124:
      case 125:
        this.omni = controller === 125 ? 1 : 0;
        this.silence();
        return;
      case 126:
      case 127:
        this.mono = controller === 126 ? value : -2;
        this.silence();
        return;
      default:
        this.controllers[controller] = value;
    }
  }

  #enter(controller: number, value: number): void {
    if (!this.selected) {
      // Nobody's parameter: a controller like any other; presses of a button leave no value.
      if (controller < 96) this.controllers[controller] = value;
      return;
    }
    if (this.selected.startsWith('half')) this.selected = `${this.#nrpn} ${this.#halfMsb} 0`;
    const held = this.parameters.get(this.selected) ?? { msb: UNSET, lsb: UNSET, steps: 0 };
    this.parameters.set(this.selected, held);
    if (controller >= 96) {
      held.steps += controller === 96 ? 1 : -1;
      return;
    }
    held.steps = 0;
    if (controller === 38) held.lsb = value;
    else {
      held.msb = value;
      held.lsb = UNSET;
    }
  }

  /** Pressure on what is silent means nothing any more. */
  silence(): void {
    this.velocity.fill(0);
    this.references.fill(0);
    this.pressures.fill(UNSET);
    this.pressure = UNSET;
  }

  /** Recommended practice RP-015. */
  #resetControllers(): void {
    this.controllers[1] = 0;
    this.controllers[11] = 127;
    for (const pedal of [64, 65, 66, 67]) this.controllers[pedal] = 0;
    this.wheel = 8_192;
    this.pressure = 0;
    this.pressures.fill(0);
    this.pressureAt.fill(0);
    this.selected = '';
    this.numbered = true;
    this.#halfMsb = NULL_NUMBER;
  }
}

interface Over {
  readonly sysEx: number;
  readonly tuneRequests: number;
  readonly systemResets: number;
  readonly at: number;
}

export class Synthesizer {
  readonly channels: (SyntheticChannel | undefined)[] = [];
  readonly transport: SyntheticTransport = new SyntheticTransport();
  readonly sysEx: Uint8Array[] = [];
  /** What came before the last Reset State command: no journal tells of it, and what is not sent yet never will be. */
  over: Over = { sysEx: 0, tuneRequests: 0, systemResets: 0, at: 0 };
  tuneRequests = 0;
  systemResets = 0;
  /** When active sensing was heard last. */
  sensedAt = 0;

  channel(channel: number): SyntheticChannel {
    let held = this.channels[channel];
    if (!held) {
      held = new SyntheticChannel();
      this.channels[channel] = held;
    }
    return held;
  }

  get sounding(): number {
    return this.#keys(({ velocity }, key) => (velocity[key] ?? 0) > 0);
  }

  /** Keys that sound to a synthesizer that counts NoteOns. */
  get counted(): number {
    return this.#keys(({ references }, key) => (references[key] ?? 0) > 0);
  }

  take(message: MidiMessage, now: number): void {
    if ('channel' in message) {
      this.channel(message.channel).take(message, now);
      return;
    }
    switch (message.kind) {
      case 'systemReset':
        this.#reset(now);
        this.systemResets++;
        return;
      case 'tuneRequest':
        this.tuneRequests++;
        return;
      case 'activeSensing':
        this.sensedAt = now;
        return;
      case 'sysEx':
        if (resets(message.data)) this.#reset(now);
        if (!this.transport.takeFullFrame(message.data)) this.sysEx.push(message.data);
        return;
      default:
        this.transport.take(message);
    }
  }

  #keys(holds: (channel: SyntheticChannel, key: number) => boolean): number {
    let sum = 0;
    for (const channel of this.channels) {
      for (let key = 0; channel && key < KEYS; key++) sum += holds(channel, key) ? 1 : 0;
    }
    return sum;
  }

  #reset(now: number): void {
    const { sysEx, tuneRequests, systemResets } = this;
    this.over = { sysEx: sysEx.length, tuneRequests, systemResets, at: now };
    this.channels.length = 0;
    this.transport.reset();
  }
}

/** GM on, GM2 on, GM off, DLS on, DLS off. */
function resets([id, , kind, value]: Uint8Array): boolean {
  if (id !== 0x7e) return false;
  return kind === 9 ? value !== 2 : kind === 10;
}

/**
 * The state of one MIDI channel, as commands so far have left it: what channel chapters describe.
 *
 * Takes  channel messages with a stamp that grows (the sender's count of commands, the receiver's sequence number) and
 *        the time when they are executed.
 * Gives  values and stamps to the chapters' writers and repairs. A stamp of 0 means: nothing active to code.
 * Keeps  typed arrays, made once. The sender and the receiver have one each, and every peer's sender shares one.
 * Spec   RFC 6295 appendix A.1: active, N-active and C-active commands; RP-015 for CC 121.
 */
import { type ChannelMessage, CONTROLLER } from '../../../core/midi-message.ts';
import type { Instant } from '../../../core/time.ts';
import {
  controllerTool,
  LOCAL_CONTROL,
  NRPN_LSB,
  pairedWith,
  RESET_VALUES,
  silencesNotes,
} from './controllers.ts';
import { Parameters } from './parameters.ts';
import { NO_SLOT, Recency } from './recency.ts';

/** A value that was never set. */
export const UNKNOWN = -1;
const WHEEL_AT_REST = 8_192;
/** A NoteOff that carries no release velocity of its own (A.7). */
export const DEFAULT_RELEASE = 64;
const PEDAL_ON = 64;
const MAX_REFERENCES = 0xffff;
const RESET = 1;
const MOVED = 2;

export class ChannelState {
  /** Chapter P. Bank fields are those that were in force at the program change; bank MSB UNKNOWN stands for B = 0. */
  program: number = UNKNOWN;
  programStamp = 0;
  programBankMsb: number = UNKNOWN;
  programBankLsb = 0;
  programAfterReset = false;
  /** Bank Select since: the newest CC 0, the CC 32 after it, and whether CC 121 came between. */
  bankMsb: number = UNKNOWN;
  bankLsb: number = UNKNOWN;
  bankBeforeReset = false;

  /** Chapter C. Numbers of parameters (98 to 101) have a value, but are not listed. */
  readonly controllers: Recency = new Recency();
  readonly values: Int16Array = new Int16Array(128).fill(UNKNOWN);
  readonly toggles: Uint8Array = new Uint8Array(128);
  readonly counts: Uint8Array = new Uint8Array(128);
  /** 1 where a controller is younger than the one it is paired with. */
  readonly younger: Uint8Array = new Uint8Array(128);
  /** Switches that CC 121 has put to rest since their own command: RESET, or RESET and MOVED by it. */
  readonly rests: Uint8Array = new Uint8Array(128);

  /** Chapter M. */
  readonly parameters: Parameters = new Parameters();

  /** Chapter W. */
  wheel: number = UNKNOWN;
  wheelStamp = 0;

  /** Chapters N and E. Velocity 0: silent. */
  readonly notes: Recency = new Recency();
  readonly velocities: Uint8Array = new Uint8Array(128);
  readonly noteOnAt: Float64Array = new Float64Array(128);
  readonly releases: Uint8Array = new Uint8Array(128).fill(DEFAULT_RELEASE);
  /** NoteOns that wait for their NoteOff. */
  readonly references: Uint16Array = new Uint16Array(128);
  /** Keys that were let go of here but not by the sender, who goes on counting their NoteOns. */
  readonly letGo: Uint8Array = new Uint8Array(128);
  /** Of the newest NoteOff on this channel, N-active or not. */
  noteOffStamp = 0;

  /** Chapter T. */
  pressure: number = UNKNOWN;
  pressureStamp = 0;

  /** Chapter A. */
  readonly keyPressures: Recency = new Recency();
  readonly keyPressure: Int16Array = new Int16Array(128).fill(UNKNOWN);
  /** Slots whose pressure is older than an All Notes Off. */
  readonly keyPressureStale: Uint8Array = new Uint8Array(128);

  /** Of the newest command of any kind. */
  newest = 0;

  constructor() {
    this.toggles[LOCAL_CONTROL] = 1;
  }

  apply(message: ChannelMessage, stamp: number, at: Instant): void {
    this.newest = stamp;
    switch (message.kind) {
      case 'noteOn':
        this.#noteOn(message.key, message.velocity, stamp, at);
        return;
      case 'noteOff':
        this.#noteOff(message.key, message.velocity, stamp);
        return;
      case 'controlChange':
        this.#control(message.controller, message.value, stamp);
        return;
      case 'programChange':
        this.#changeProgram(message.program, stamp);
        return;
      case 'pitchBend':
        this.wheel = message.value;
        this.wheelStamp = stamp;
        return;
      case 'channelPressure':
        this.pressure = message.pressure;
        this.pressureStamp = stamp;
        return;
      case 'polyPressure':
        this.keyPressure[message.key] = message.pressure;
        this.keyPressureStale[message.key] = 0;
        this.keyPressures.touch(message.key, stamp);
        return;
    }
  }

  /** A Reset State command: nothing before it is active. */
  reset(): void {
    this.program = UNKNOWN;
    this.programStamp = 0;
    this.programBankMsb = UNKNOWN;
    this.programBankLsb = 0;
    this.bankMsb = UNKNOWN;
    this.bankLsb = UNKNOWN;
    this.bankBeforeReset = false;
    this.controllers.clear();
    this.values.fill(UNKNOWN);
    this.toggles.fill(0);
    this.toggles[LOCAL_CONTROL] = 1;
    this.counts.fill(0);
    this.younger.fill(0);
    this.rests.fill(0);
    this.parameters.clear();
    this.wheel = UNKNOWN;
    this.wheelStamp = 0;
    this.keyPressures.clear();
    this.keyPressure.fill(UNKNOWN);
    this.#silence();
    this.keyPressureStale.fill(0);
  }

  /** A switch; Local Control is on until it is switched off, every other one is off. */
  isOn(controller: number): boolean {
    const value = this.values[controller] as number;
    return value === UNKNOWN ? controller === LOCAL_CONTROL : value >= PEDAL_ON;
  }

  /** Toggles of a switch by its own commands: those that Chapter C may tell of. */
  ownToggles(controller: number): number {
    const moved = ((this.rests[controller] as number) & MOVED) !== 0 ? 1 : 0;
    return ((this.toggles[controller] as number) - moved) & 63;
  }

  /** The oldest stamp of a note that sounds; Infinity when none does. */
  oldestSounding(): number {
    const { notes, velocities } = this;
    for (let key = notes.oldest; key !== NO_SLOT; key = notes.newerThan(key)) {
      if (velocities[key] !== 0) return notes.stamps[key] as number;
    }
    return Number.POSITIVE_INFINITY;
  }

  #noteOn(key: number, velocity: number, stamp: number, at: Instant): void {
    this.velocities[key] = velocity;
    this.letGo[key] = 0;
    this.noteOnAt[key] = at;
    this.notes.touch(key, stamp);
    const references = this.references[key] as number;
    if (references < MAX_REFERENCES) this.references[key] = references + 1;
  }

  #noteOff(key: number, release: number, stamp: number): void {
    this.velocities[key] = 0;
    this.releases[key] = release;
    this.notes.touch(key, stamp);
    this.noteOffStamp = stamp;
    const references = this.references[key] as number;
    if (references > 0) this.references[key] = references - 1;
  }

  #changeProgram(program: number, stamp: number): void {
    this.program = program;
    this.programStamp = stamp;
    this.programBankMsb = this.bankMsb;
    this.programBankLsb = this.bankMsb === UNKNOWN ? 0 : Math.max(0, this.bankLsb);
    this.programAfterReset = this.bankMsb !== UNKNOWN && this.bankBeforeReset;
  }

  #control(controller: number, value: number, stamp: number): void {
    this.counts[controller] = ((this.counts[controller] as number) + 1) & 63;
    if (this.parameters.take(controller, value, stamp)) {
      if (controller >= NRPN_LSB) this.values[controller] = value;
      return;
    }
    this.#setValue(controller, value);
    this.rests[controller] = 0;
    this.controllers.touch(controller, stamp);
    const other = pairedWith(controller);
    if (other >= 0) {
      this.younger[controller] = 1;
      this.younger[other] = 0;
    }
    if (controller === CONTROLLER.bankSelect) {
      this.bankMsb = value;
      this.bankLsb = UNKNOWN;
      this.bankBeforeReset = false;
    } else if (controller === CONTROLLER.bankSelect + 32) {
      if (this.bankMsb !== UNKNOWN) this.bankLsb = value;
    } else if (controller === CONTROLLER.resetAllControllers) {
      this.#resetControllers();
    }
    if (silencesNotes(controller)) this.#silence();
  }

  #setValue(controller: number, value: number): void {
    if (this.isOn(controller) !== value >= PEDAL_ON) {
      this.toggles[controller] = ((this.toggles[controller] as number) + 1) & 63;
    }
    this.values[controller] = value;
  }

  #resetControllers(): void {
    for (const [controller, value] of RESET_VALUES) {
      const toggles = this.toggles[controller];
      this.#setValue(controller, value);
      // A switch stays listed, for its toggles; the others are told of by CC 121 alone.
      if (controllerTool(controller) === 'switch') {
        const moved = toggles === this.toggles[controller] ? 0 : MOVED;
        this.rests[controller] = RESET | (this.rests[controller] as number) | moved;
      } else {
        this.controllers.drop(controller);
        const low = pairedWith(controller);
        this.younger[controller] = 1;
        this.younger[low] = 0;
      }
    }
    this.bankBeforeReset = this.bankMsb !== UNKNOWN;
    this.parameters.resetControllers();
    this.wheel = WHEEL_AT_REST;
    this.wheelStamp = 0;
    this.pressure = 0;
    this.pressureStamp = 0;
    this.keyPressures.clear();
    this.keyPressure.fill(0);
  }

  #silence(): void {
    this.notes.clear();
    this.velocities.fill(0);
    this.references.fill(0);
    this.letGo.fill(0);
    this.releases.fill(DEFAULT_RELEASE);
    this.pressure = UNKNOWN;
    this.pressureStamp = 0;
    this.keyPressureStale.fill(1);
  }
}

/**
 * What a stream's packets say, as messages: command lists taken apart, and what a lost stream left sounding ended.
 *
 * Takes  a packet at a time, in order. Gives messages to a sink; the stream's state follows each of them.
 * Keeps  the stream's state: which keys are down, the SysEx command that is being received, and so on. Bounded.
 * Spec   RFC 6295 sections 3 and 4. Undefined commands (F4, F5, F9, FD) are dropped and counted.
 */
import { STATUS, shortMessage } from '../../core/midi-bytes.ts';
import { CONTROLLER, type MidiMessage } from '../../core/midi-message.ts';
import type { Instant } from '../../core/time.ts';
import { type CommandHeader, type CommandSink, readCommands } from './command-section.ts';
import type { FaultCounters } from './faults.ts';
import { DEFAULT_RELEASE } from './journal/channel-state.ts';
import { channelMessage } from './journal/chapter.ts';
import { StreamState } from './journal/stream-state.ts';
import type { LinkMeter } from './link-meter.ts';
import { takeSegment } from './sysex-segments.ts';

const PEDALS: readonly number[] = [CONTROLLER.sustain, CONTROLLER.sostenuto, CONTROLLER.hold2];
const TIMESTAMPS = 0x1_0000_0000;

/** Instead of a timestamp: the message was not performed, but made here to end something. */
export const NO_TIME = -1;

export interface MessageSink {
  /** `time` is the RTP timestamp at which the message was performed, or NO_TIME: it is made here, now. */
  message(message: MidiMessage, time: number, arrivedAt: Instant, recovered: boolean): void;
}

export class StreamDelivery {
  readonly state: StreamState = new StreamState();
  readonly #sink: MessageSink;
  readonly #faults: FaultCounters;
  readonly #meter: LinkMeter;
  readonly #commands: CommandSink;
  /** The packet at hand. */
  #sequence = 0;
  #timestamp = 0;
  #arrivedAt = 0 as Instant;
  #hadSysEx = false;
  #releasing = false;

  constructor(sink: MessageSink, faults: FaultCounters, meter: LinkMeter) {
    this.#sink = sink;
    this.#faults = faults;
    this.#meter = meter;
    this.state.system.sysEx.loseCount();
    this.#commands = {
      command: (status, data1, data2, delta) => {
        const message = shortMessage(status, data1, data2);
        if (message) this.#play(message, delta, false);
      },
      sysEx: (head, bytes, from, to, tail, delta) => {
        this.#hadSysEx = true;
        const { sysEx } = this.state.system;
        const taken = takeSegment(sysEx, head, bytes, from, to, tail, this.#sequence);
        if (typeof taken === 'string') this.#faults.count(taken);
        else if (taken) this.#play({ kind: 'sysEx', data: taken }, delta, false);
      },
      undefinedCommand: () => this.#faults.count('undefinedCommand'),
    };
  }

  /** What follows belongs to this packet. */
  turnTo(sequence: number, timestamp: number, at: Instant): void {
    this.#sequence = sequence;
    this.#timestamp = timestamp;
    this.#arrivedAt = at;
  }

  /** The packet's commands. True when there were SysEx commands or parts of them: the sender may wait for word of them. */
  takeCommands(bytes: Uint8Array, section: CommandHeader): boolean {
    this.#hadSysEx = false;
    const fault = readCommands(bytes, section, this.#commands);
    if (fault) this.lackCommands(fault);
    return this.#hadSysEx;
  }

  /** Some of the packet's commands can't be read. */
  lackCommands(fault: Parameters<FaultCounters['count']>[0]): void {
    this.#faults.count(fault);
    this.#loseSysEx();
    this.state.system.sysEx.loseCount();
  }

  /** The stream begins anew: nothing is known. */
  forget(): void {
    this.state.forget();
    this.state.system.sysEx.loseCount();
  }

  /** A message from the packet's journal. */
  recover(message: MidiMessage): void {
    this.#meter.recovered++;
    this.#play(message, 0, true);
  }

  /** The state follows, and nobody hears of it. */
  assume(message: MidiMessage): void {
    this.state.apply(message, this.#sequence, this.#arrivedAt);
  }

  /** Ends what the peer left sounding: it is gone, or nothing is known of it any more. */
  release(at: Instant): void {
    this.#arrivedAt = at;
    this.#releasing = true;
    this.#loseSysEx();
    for (let channel = 0; channel < 16; channel++) {
      const state = this.state.used(channel);
      if (!state) continue;
      for (let key = 0; key < 128; key++) {
        const references = state.references[key] as number;
        if (state.letGo[key] !== 0 || (state.velocities[key] === 0 && references === 0)) continue;
        // As many as there were NoteOns, for synthesizers that count them.
        do this.#play(channelMessage(0x80 | channel, key, DEFAULT_RELEASE), 0, true);
        while ((state.references[key] as number) > 0);
        state.references[key] = references;
        state.letGo[key] = 1;
      }
      for (const pedal of PEDALS) {
        if (state.isOn(pedal))
          this.#play(channelMessage(STATUS.controlChange | channel, pedal, 0), 0, true);
      }
    }
    this.#releasing = false;
  }

  #loseSysEx(): void {
    const { sysEx } = this.state.system;
    if (!sysEx.open) return;
    sysEx.abandon(this.#sequence);
    this.#faults.count('sysExLost');
  }

  #play(message: MidiMessage, delta: number, recovered: boolean): void {
    this.state.apply(message, this.#sequence, this.#arrivedAt);
    const time = this.#releasing ? NO_TIME : (this.#timestamp + delta) % TIMESTAMPS;
    this.#sink.message(message, time, this.#arrivedAt, recovered);
  }
}

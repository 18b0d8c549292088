/**
 * The state of a whole stream: sixteen channels, made when first needed, and what concerns all of them.
 *
 * Takes  every message of the stream, in order. Gives each channel's state.
 * Spec   RFC 6295 appendix A.1 (session history, Reset State commands).
 */
import type {
  MidiMessage,
  RealTimeMessage,
  SystemCommonMessage,
} from '../../../core/midi-message.ts';
import type { Instant } from '../../../core/time.ts';
import { ChannelState } from './channel-state.ts';
import { SYSEX_STATUS } from './sysex-history.ts';
import { SystemState } from './system-state.ts';

export class StreamState {
  readonly #channels: (ChannelState | undefined)[] = new Array(16).fill(undefined);
  readonly system: SystemState = new SystemState();
  /** Of the newest command of any kind. */
  newest = 0;

  apply(message: MidiMessage, stamp: number, at: Instant): void {
    this.newest = stamp;
    switch (message.kind) {
      case 'noteOff':
      case 'noteOn':
      case 'polyPressure':
      case 'controlChange':
      case 'programChange':
      case 'channelPressure':
      case 'pitchBend':
        this.channel(message.channel).apply(message, stamp, at);
        return;
      case 'mtcQuarterFrame':
      case 'songPosition':
      case 'songSelect':
      case 'tuneRequest':
      case 'timingClock':
      case 'start':
      case 'continue':
      case 'stop':
      case 'activeSensing':
      case 'systemReset':
      case 'sysEx':
        if (isResetState(message)) this.reset();
        this.system.apply(message, stamp, at);
        return;
    }
  }

  /** A SysEx command is in the stream as far as octet `to`, and not whole yet. `apply` ends it. */
  applySegment(data: Uint8Array, to: number, stamp: number): void {
    this.newest = stamp;
    this.system.newest = stamp;
    const { sysEx } = this.system;
    if (!sysEx.open) sysEx.begin(stamp);
    sysEx.append(data, sysEx.lengthOf(sysEx.begun - 1), to, stamp);
  }

  /** The SysEx command that is not whole will never be. */
  cancelSegments(stamp: number): void {
    this.newest = stamp;
    this.system.newest = stamp;
    this.system.sysEx.finish(SYSEX_STATUS.cancelled, stamp);
  }

  /** Made now if it was never used. */
  channel(channel: number): ChannelState {
    let state = this.#channels[channel & 15];
    if (!state) {
      state = new ChannelState();
      this.#channels[channel & 15] = state;
    }
    return state;
  }

  /** Undefined when nothing was ever played on it. */
  used(channel: number): ChannelState | undefined {
    return this.#channels[channel];
  }

  /** A Reset State command. */
  reset(): void {
    this.system.reset();
    for (const channel of this.#channels) channel?.reset();
  }

  /** The stream begins anew. */
  forget(): void {
    this.#channels.fill(undefined);
    this.system.forget();
    this.newest = 0;
  }

  /** The oldest stamp of a note that sounds; Infinity when none does. */
  oldestSounding(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const channel of this.#channels) {
      if (channel) oldest = Math.min(oldest, channel.oldestSounding());
    }
    return oldest;
  }
}

/** Reset; GM on, GM2 on, GM off; DLS on, DLS off: F0 7E cc 09 00/01/03 F7, F0 7E cc 0A 01/02 F7. */
function isResetState(message: SystemCommonMessage | RealTimeMessage): boolean {
  if (message.kind === 'systemReset') return true;
  if (message.kind !== 'sysEx') return false;
  const { data } = message;
  if (data.length !== 4 || data[0] !== 0x7e) return false;
  const [, , kind, value] = data;
  if (kind === 0x09) return value === 0 || value === 1 || value === 3;
  return kind === 0x0a && (value === 1 || value === 2);
}

/**
 * What becomes of the packets that a player sends to one listener, by their numbers.
 *
 * Takes  each data packet as it is sent, lost, or arrives; word of sessions that begin and end.
 * Gives  when the listener had a packet no older than the last command, and which NoteOns it need not have heard.
 */
import { sequenceAhead } from '../../runtime/transport/rtp-midi/sequence-number.ts';
import type { Flight } from './rtp-midi-wire.ts';

/** A message may wait so long for a SysEx that is on its way. */
export const PACED = 60_000;

export class Reception {
  /** When the player's newest packet with commands was sent. */
  lastCommandAt = 0;
  /** When a packet arrived that was no older. */
  caughtUpAt: number | undefined;
  /** Of this player at this end point. */
  firstArrivalAt: number | undefined;
  /** When anything came from the player last. */
  lastArrivalAt = 0;
  /** The longest way of a packet. */
  slowest: number;
  #lastSequence: number | undefined;
  #highest: number | undefined;
  readonly #arrived = new Set<number>();
  /** When packets were sent that never arrived, or came after later ones. */
  #disturbed: number[] = [];
  /** From when to when it was in no session. */
  readonly #deaf: (readonly [number, number])[] = [];
  #deafSince = 0;

  constructor(leastDelay: number) {
    this.slowest = leastDelay;
  }

  get isDisturbed(): boolean {
    return this.#disturbed.length > 0;
  }

  /** A NoteOn of that time was in a packet that did not arrive in order, or there was no session. */
  excuses(onAt: number): boolean {
    return (
      this.#disturbed.some((at) => at >= onAt && at <= onAt + PACED) ||
      this.#deaf.some(([from, to]) => onAt >= from - PACED && onAt <= to)
    );
  }

  sent(bytes: Uint8Array, now: number): void {
    const sequence = sequenceOf(bytes);
    if (sequence < 0) return;
    const isNew =
      this.#lastSequence === undefined || sequenceAhead(sequence, this.#lastSequence) > 0;
    if (!isNew || (this.#lastSequence !== undefined && !hasCommands(bytes))) return;
    this.#lastSequence = sequence;
    this.lastCommandAt = now;
    this.caughtUpAt = undefined;
  }

  lost(bytes: Uint8Array, flight: Flight): void {
    if (sequenceOf(bytes) >= 0) this.#disturbed.push(flight.sentAt);
  }

  /** A packet of a stream that the listener takes. */
  arrives(bytes: Uint8Array, flight: Flight, now: number): void {
    const sequence = sequenceOf(bytes);
    this.slowest = Math.max(this.slowest, now - flight.sentAt);
    this.firstArrivalAt ??= now;
    if (!this.#arrived.has(sequence)) {
      this.#arrived.add(sequence);
      if (this.#highest !== undefined && sequenceAhead(sequence, this.#highest) < 0)
        this.#disturbed.push(flight.sentAt);
      else this.#highest = sequence;
    }
    if (this.caughtUpAt !== undefined || this.#lastSequence === undefined) return;
    if (sequenceAhead(sequence, this.#lastSequence) >= 0) this.caughtUpAt = now;
  }

  sessionBegins(now: number): void {
    this.#deaf.push([this.#deafSince, now]);
  }

  sessionEnds(now: number): void {
    this.#deafSince = now;
  }

  /** Packets are numbered anew. */
  streamBegins(): void {
    this.#lastSequence = undefined;
    this.#highest = undefined;
    this.firstArrivalAt = undefined;
    this.caughtUpAt = undefined;
    this.lastCommandAt = 0;
    this.forget();
  }

  /** At this time something did not get through. */
  disturb(now: number): void {
    this.#disturbed.push(now);
  }

  forget(): void {
    this.#arrived.clear();
    this.#disturbed = [];
  }
}

/** Of a data packet; -1 for what is none. */
export function sequenceOf(bytes: Uint8Array): number {
  return bytes[0] === 0x80 ? ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) : -1;
}

export function ssrcOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
}

function hasCommands(bytes: Uint8Array): boolean {
  const first = bytes[12] ?? 0;
  return (first & 0x0f) !== 0 || ((first & 0x80) !== 0 && bytes[13] !== 0);
}

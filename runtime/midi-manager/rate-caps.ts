/**
 * Rate caps of one input.
 *
 * Takes  messages in the order in which they came.
 * Gives  those within the caps at once, and coalesced controllers when their turn comes.
 * Keeps  a token bucket for each kind, and a line for each kind that is coalesced. Allocates nothing.
 *        Drop policy: midi-filters.ts.
 */
import type { MidiKind, MidiMessage } from '../core/midi-message.ts';
import type { Instant } from '../core/time.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import { CoalescingLine } from './coalescing-line.ts';
import { dropPolicy, type MidiFilters } from './midi-filters.ts';

export type Verdict =
  | 'pass'
  /** It is lost. */
  | 'drop'
  /** It comes with `next`, unless a later one of the same controller takes its place. */
  | 'wait'
  /** It waits in the place of an older one, which is lost. */
  | 'replace';

const BURST = 1 / 8;
const SMALLEST_BURST = 8;
const CHANNELS = 16;
const PER_CHANNEL = 128;

interface Cap {
  readonly bucket: TokenBucket;
  readonly line: CoalescingLine | undefined;
}

export class RateCaps {
  readonly #caps: ReadonlyMap<MidiKind, Cap>;
  readonly #lines: readonly { readonly bucket: TokenBucket; readonly line: CoalescingLine }[];
  readonly #sysExBytes: TokenBucket;

  constructor(filters: MidiFilters) {
    const caps = new Map<MidiKind, Cap>();
    const lines: { bucket: TokenBucket; line: CoalescingLine }[] = [];
    for (const [name, perSecond] of Object.entries(filters.perSecond)) {
      const kind = name as MidiKind;
      const bucket = new TokenBucket(perSecond, Math.max(SMALLEST_BURST, perSecond * BURST));
      const size = lineSize(kind);
      const line = size > 0 ? new CoalescingLine(size) : undefined;
      caps.set(kind, { bucket, line });
      if (line !== undefined) lines.push({ bucket, line });
    }
    this.#caps = caps;
    this.#lines = lines;
    const bytes = filters.sysExBytesPerSecond;
    this.#sysExBytes = new TokenBucket(bytes, Math.max(1, bytes));
  }

  admit(message: MidiMessage, now: Instant): Verdict {
    if (message.kind === 'sysEx' && !this.#sysExBytes.has(1, now)) return 'drop';
    const cap = this.#caps.get(message.kind);
    if (cap === undefined) return this.#passes(message);
    const line = dropPolicy(message) === 'coalesce' ? cap.line : undefined;
    // Who comes later does not overtake who waits.
    if (line === undefined ? !cap.bucket.has(1, now) : line.waiting || !cap.bucket.has(1, now)) {
      if (line === undefined) return 'drop';
      return line.put(placeOf(message), message) ? 'replace' : 'wait';
    }
    cap.bucket.spend(1);
    return this.#passes(message);
  }

  #passes(message: MidiMessage): Verdict {
    if (message.kind === 'sysEx') this.#sysExBytes.spend(message.data.length + 2);
    return 'pass';
  }

  /** A newer message of the same controller passed by another way: what waits is out of date. */
  supersede(message: MidiMessage): void {
    this.#caps.get(message.kind)?.line?.clear(placeOf(message));
  }

  /** A message that waited and may pass now. */
  next(now: Instant): MidiMessage | undefined {
    for (const { bucket, line } of this.#lines) {
      if (!line.waiting || !bucket.has(1, now)) continue;
      const message = line.take();
      if (message === undefined) continue;
      bucket.spend(1);
      return message;
    }
    return undefined;
  }

  /** A message that waited, whatever the caps say. */
  flush(): MidiMessage | undefined {
    for (const { line } of this.#lines) {
      const message = line.take();
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** When `next` may have one; undefined when nothing waits. */
  nextAt(now: Instant): Instant | undefined {
    let earliest: Instant | undefined;
    for (const { bucket, line } of this.#lines) {
      if (!line.waiting) continue;
      const at = bucket.nextAt(now);
      if (earliest === undefined || at < earliest) earliest = at;
    }
    return earliest;
  }
}

function lineSize(kind: MidiKind): number {
  if (kind === 'controlChange' || kind === 'polyPressure') return CHANNELS * PER_CHANNEL;
  if (kind === 'channelPressure' || kind === 'pitchBend') return CHANNELS;
  return 0;
}

/** The place in the line of its kind. */
function placeOf(message: MidiMessage): number {
  if (message.kind === 'controlChange') return message.channel * PER_CHANNEL + message.controller;
  if (message.kind === 'polyPressure') return message.channel * PER_CHANNEL + message.key;
  if (message.kind === 'channelPressure' || message.kind === 'pitchBend') return message.channel;
  return 0;
}

/**
 * Presence: what a box does just now, told to those it has a link to. FORMAT.md, "channel 3".
 *
 * Takes  this box's state; frames of peers about themselves.
 * Gives  the last state of each linked box, and word of each change.
 * Keeps  at most 5 frames a second to each peer. Nothing is stored; presence ends with the link.
 * Lane   3.
 *
 * Not the Awareness of y-protocols: that runs on wall time and timers of its own, and lets anyone tell of anyone.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { BoxId } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import { after, fromMillis, type Instant } from '../core/time.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../transport/link/link.ts';

export interface PresenceState {
  /** Notes were played in the last moments. */
  readonly playing: boolean;
}

export interface Presence extends Disposable {
  setSelf(state: PresenceState): void;
  /** Undefined: no link, or nothing heard yet. */
  of(box: BoxId): PresenceState | undefined;
  onChange(listener: (box: BoxId, state: PresenceState | undefined) => void): Disposable;
  attach(link: PresenceLink): PresencePeer;
}

type PresenceLink = Pick<Link, 'peer' | 'send' | 'cut'>;

interface PresencePeer extends Disposable {
  /** Never throws. */
  receive(frame: Uint8Array): void;
}

const PERIOD = fromMillis(200);
const PLAYING = 1;
const RECEIVED_PER_SECOND = 10;
const RECEIVED_AT_ONCE = 50;

export function openPresence(
  deps: { readonly clock: Clock },
  init: { readonly channel: number },
): Presence {
  const { clock } = deps;
  const links = new Set<PresenceLink>();
  const states = new Map<BoxId, { readonly state: PresenceState; readonly by: PresenceLink }>();
  const changed = new Listeners<[box: BoxId, state: PresenceState | undefined]>();
  let self: PresenceState = { playing: false };
  let counter = 0;
  let toldAt: Instant | undefined;
  let told = self;

  const tell = (link: PresenceLink): void => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, counter);
    encoding.writeVarUint(encoder, self.playing ? PLAYING : 0);
    link.send(init.channel, encoding.toUint8Array(encoder));
  };
  const alarm = clock.alarm(() => {
    if (self.playing === told.playing) return;
    told = self;
    toldAt = clock.now();
    counter++;
    for (const link of [...links]) tell(link);
  });

  return {
    setSelf(state) {
      self = state;
      const due = toldAt === undefined ? clock.now() : after(toldAt, PERIOD);
      if (self.playing !== told.playing) alarm.set(due);
    },
    of: (box) => states.get(box)?.state,
    onChange: (listener) => changed.add(listener),
    attach(link) {
      const { box } = link.peer;
      const allowed = new TokenBucket(RECEIVED_PER_SECOND, RECEIVED_AT_ONCE);
      let last = -1;
      links.add(link);
      tell(link);
      return {
        receive(frame) {
          const heard = readPresence(frame);
          if (!heard || !allowed.take(1, clock.now())) {
            link.cut(heard ? 'rate' : 'malformed');
            return;
          }
          if (heard.counter <= last) return;
          last = heard.counter;
          const before = states.get(box)?.state;
          states.set(box, { state: heard.state, by: link });
          if (before?.playing !== heard.state.playing) changed.emit(box, heard.state);
        },
        [Symbol.dispose]() {
          links.delete(link);
          // A newer link to the same box may have told already.
          if (states.get(box)?.by !== link) return;
          states.delete(box);
          changed.emit(box, undefined);
        },
      };
    },
    [Symbol.dispose]() {
      alarm[Symbol.dispose]();
      links.clear();
    },
  };
}

function readPresence(
  frame: Uint8Array,
): { readonly counter: number; readonly state: PresenceState } | undefined {
  const decoder = decoding.createDecoder(frame);
  try {
    const counter = decoding.readVarUint(decoder);
    const flags = decoding.readVarUint(decoder);
    if (decoding.hasContent(decoder)) return undefined;
    return { counter, state: { playing: (flags & PLAYING) !== 0 } };
  } catch {
    // lib0 throws when the octets end early or a number is too big.
    return undefined;
  }
}

/**
 * Signalling through the control plane. SIGNALLING.md, "through the control plane".
 *
 * Takes  messages that the server passes on: it may lose, repeat and reorder them, and say that they are from anybody.
 * Gives  a path for each exchange that this box begins, or that others begin with it.
 * Keeps  at most 16 exchanges of callers, shared among them, a rate for each, and the last exchanges that have ended.
 * Lane   1.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { ControlPlane } from '../../control/control-plane.ts';
import type { BoxId } from '../../core/ensemble.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { CallerRates } from './caller-rates.ts';
import { nobodyAt, noServer } from './connection-words.ts';
import { FairSlots } from './fair-slots.ts';
import type { SignalFaults } from './lan-signalling.ts';
import { placeOfBox } from './place.ts';
import {
  decodeSignal,
  encodeSignal,
  SIGNALLING_VERSION,
  type SignalMessage,
} from './signal-message.ts';
import { SignalBounds, SignalInbox, type SignalPath } from './signal-path.ts';

const MAX_CALLERS = 16;
const CALLS_PER_SECOND = 2;
const CALLS_AT_ONCE = 8;
const MAX_ENDED = 256;
const EXCHANGE_OCTETS = 16;
const MAX_SEQUENCE = 255;
/** Candidates that overtook the offer which begins their exchange, all exchanges together. */
const MAX_OVERTAKING = 64;

export interface ServerSignalling extends Disposable {
  dial(to: BoxId): SignalPath;
  /** Who calls from now on. The path is the listener's to end; undefined: nobody is let in. */
  listen(onPath: ((path: SignalPath) => void) | undefined): void;
}

interface Exchange {
  take(octets: Uint8Array, sequence: number): void;
}

export function openServerSignalling(deps: {
  readonly clock: Clock;
  readonly controlPlane: ControlPlane;
  readonly randomness: Randomness;
  readonly faults: SignalFaults;
}): ServerSignalling {
  const { clock, controlPlane, randomness, faults } = deps;
  const exchanges = new Map<string, Exchange>();
  const ended = new Set<string>();
  let overtaking: {
    readonly key: string;
    readonly octets: Uint8Array;
    readonly sequence: number;
  }[] = [];
  const rates = new CallerRates(CALLS_PER_SECOND, CALLS_AT_ONCE);
  const callers = new FairSlots(MAX_CALLERS);
  let onPath: ((path: SignalPath) => void) | undefined;

  const keyOf = (box: BoxId, id: Uint8Array): string => `${box} ${id.join()}`;

  const forget = (key: string): void => {
    if (!exchanges.delete(key)) return;
    ended.add(key);
    const [oldest] = ended;
    if (ended.size > MAX_ENDED && oldest !== undefined) ended.delete(oldest);
  };

  const open = (far: BoxId, id: Uint8Array, side: 'dialer' | 'acceptor'): SignalPath => {
    const key = keyOf(far, id);
    const inbox = new SignalInbox();
    const bounds = new SignalBounds(side === 'dialer' ? 'acceptor' : 'dialer');
    const seen = new Set<number>();
    let sequence = 0;
    const close = (cause?: unknown): void => {
      forget(key);
      inbox.close(cause);
    };
    exchanges.set(key, {
      take(octets, number) {
        if (seen.has(number)) return;
        seen.add(number);
        const message = decodeSignal(octets);
        if (message && bounds.takes(message, octets.length)) inbox.deliver(message);
        else {
          faults.malformed++;
          close();
        }
      },
    });
    return {
      remote: placeOfBox(far),
      send(message) {
        if (!inbox.open || sequence > MAX_SEQUENCE) return;
        controlPlane.signal(far, wrap(id, sequence++, message)).catch((failure: unknown) => {
          const { state, problem } = controlPlane;
          close(state === 'online' ? nobodyAt(placeOfBox(far), failure) : noServer(problem));
        });
      },
      onMessage: (listener) => inbox.onMessage(listener),
      onClosed: (listener) => inbox.onClosed(listener),
      [Symbol.asyncDispose]: async () => close(),
    };
  };

  const answer = (from: BoxId, id: Uint8Array): void => {
    // Not even refused: who calls that often is to get no answer each time.
    if (!rates.take(from, clock.now())) {
      faults.busy++;
      return;
    }
    const path = open(from, id, 'acceptor');
    const turnAway = (code: 'busy' | 'closed'): void => {
      if (code === 'busy') faults.busy++;
      path.send({ kind: 'refuse', code });
      void path[Symbol.asyncDispose]();
    };
    const place = onPath && callers.take(from, () => turnAway('busy'));
    if (!onPath || !place) {
      turnAway(onPath ? 'busy' : 'closed');
      return;
    }
    path.onClosed(() => place[Symbol.dispose]());
    onPath(path);
  };

  const listening = controlPlane.onSignal((from, wrapped) => {
    const read = unwrap(wrapped);
    if (!read) {
      faults.malformed++;
      return;
    }
    const key = keyOf(from, read.exchange);
    if (!exchanges.has(key)) {
      if (ended.has(key)) return;
      if (!begins(read.message)) {
        overtaking.push({ key, octets: read.message, sequence: read.sequence });
        if (overtaking.length > MAX_OVERTAKING) overtaking.shift();
        return;
      }
      answer(from, read.exchange);
    }
    exchanges.get(key)?.take(read.message, read.sequence);
    const waited = overtaking.filter((each) => each.key === key);
    overtaking = overtaking.filter((each) => each.key !== key);
    for (const { octets, sequence } of waited) exchanges.get(key)?.take(octets, sequence);
  });

  return {
    dial: (to) => open(to, randomness.bytes(EXCHANGE_OCTETS), 'dialer'),
    listen(listener) {
      onPath = listener;
    },
    [Symbol.dispose]() {
      onPath = undefined;
      listening[Symbol.dispose]();
    },
  };
}

/** Whether that is the first offer. */
function begins(octets: Uint8Array): boolean {
  const message = decodeSignal(octets);
  if (message?.kind !== 'signal' || message.attempt !== 0) return false;
  return message.signal.kind === 'description' && message.signal.type === 'offer';
}

function wrap(exchange: Uint8Array, sequence: number, message: SignalMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeUint8(encoder, SIGNALLING_VERSION);
  encoding.writeUint8Array(encoder, exchange);
  encoding.writeVarUint(encoder, sequence);
  encoding.writeUint8Array(encoder, encodeSignal(message));
  return encoding.toUint8Array(encoder);
}

/** Another version is not for us; a server that both ends have tells of versions itself. */
function unwrap(
  wrapped: Uint8Array,
): { exchange: Uint8Array; sequence: number; message: Uint8Array } | undefined {
  const decoder = decoding.createDecoder(wrapped);
  try {
    if (decoding.readUint8(decoder) !== SIGNALLING_VERSION) return undefined;
    const exchange = decoding.readUint8Array(decoder, EXCHANGE_OCTETS).slice();
    const sequence = decoding.readVarUint(decoder);
    const message = decoding.readTailAsUint8Array(decoder);
    return exchange.length === EXCHANGE_OCTETS && sequence <= MAX_SEQUENCE
      ? { exchange, sequence, message }
      : undefined;
  } catch {
    // lib0 throws when the bytes end early; that is all that can happen here.
    return undefined;
  }
}

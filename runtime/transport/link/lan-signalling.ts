/**
 * Signalling over TCP, from box to box on the local network. SIGNALLING.md, "on the local network".
 *
 * Takes  streams: one that was dialed, or those that callers open.
 * Gives  a path over each.
 * Keeps  at most 16 callers at once, shared among their addresses, and a rate for each. Who breaks a bound is hung up on and counted.
 * Lane   1.
 */
import { after, fromSeconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ByteStream } from '../../ports/stream-network.ts';
import { CallerRates } from './caller-rates.ts';
import { FairSlots } from './fair-slots.ts';
import { frameRecord, RecordReader } from './record-frames.ts';
import {
  decodeSignal,
  encodeSignal,
  MAX_SIGNAL,
  SIGNALLING_VERSION,
  type SignalMessage,
} from './signal-message.ts';
import { SignalBounds, SignalInbox, type SignalPath } from './signal-path.ts';

const MAX_CALLERS = 16;
const CALLS_PER_SECOND = 8;
const CALLS_AT_ONCE = 32;
const FIRST_FRAME_WITHIN = fromSeconds(2);

/** What callers did that they should not have. */
export interface SignalFaults {
  /** Hung up on, since there were too many. */
  busy: number;
  /** Frames or messages out of their bounds. */
  malformed: number;
  /** Said nothing in time. */
  late: number;
}

/** The dialer's side of a stream. */
export function lanPath(stream: ByteStream): SignalPath {
  stream.write(Uint8Array.of(SIGNALLING_VERSION));
  return openPath(stream, 'acceptor', { onFault: () => {} });
}

export interface LanAcceptor {
  /** Someone calls; `onPath` is told once the caller has said something that makes sense. */
  accept(stream: ByteStream): void;
}

export function openLanAcceptor(
  deps: { readonly clock: Clock; readonly faults: SignalFaults },
  /** The path is the listener's to end. */
  onPath: (path: SignalPath) => void,
): LanAcceptor {
  const { clock, faults } = deps;
  const rates = new CallerRates(CALLS_PER_SECOND, CALLS_AT_ONCE);
  const callers = new FairSlots(MAX_CALLERS);
  return {
    accept(stream) {
      const turnAway = (): void => {
        faults.busy++;
        stream.write(frameOf({ kind: 'refuse', code: 'busy' }));
        void stream[Symbol.asyncDispose]();
      };
      const { host } = stream.remote;
      const mayCall = rates.take(host, clock.now());
      const place = mayCall ? callers.take(host, turnAway) : undefined;
      if (!place) {
        turnAway();
        return;
      }
      const late = clock.alarm(() => {
        faults.late++;
        void stream[Symbol.asyncDispose]();
      });
      late.set(after(clock.now(), FIRST_FRAME_WITHIN));
      stream.onClosed(() => {
        place[Symbol.dispose]();
        late[Symbol.dispose]();
      });
      const path = openPath(stream, 'dialer', {
        onFault: () => faults.malformed++,
        onFirst() {
          late[Symbol.dispose]();
          onPath(path);
        },
      });
    },
  };
}

function openPath(
  stream: ByteStream,
  far: 'dialer' | 'acceptor',
  told: { readonly onFault: () => void; readonly onFirst?: () => void },
): SignalPath {
  const inbox = new SignalInbox();
  const bounds = new SignalBounds(far);
  const reader = new RecordReader(MAX_SIGNAL);
  let versioned = far === 'dialer';
  let first = true;

  const hangUp = (): void => {
    inbox.close();
    void stream[Symbol.asyncDispose]();
  };
  const send = (message: SignalMessage): void => {
    if (inbox.open) stream.write(frameOf(message));
  };
  stream.onClosed(() => inbox.close());
  const take = (payload: Uint8Array): boolean => {
    const message = decodeSignal(payload);
    if (!message || !bounds.takes(message, payload.length)) return false;
    inbox.deliver(message);
    if (first) told.onFirst?.();
    first = false;
    return true;
  };
  stream.onBytes((bytes) => {
    if (!inbox.open || bytes.length === 0) return;
    const rightVersion = !versioned || bytes[0] === SIGNALLING_VERSION;
    const frames = versioned ? bytes.subarray(1) : bytes;
    versioned = false;
    if (rightVersion && reader.push(frames, take)) return;
    told.onFault();
    if (!rightVersion) send({ kind: 'refuse', code: 'version' });
    hangUp();
  });
  return {
    remote: stream.remote,
    send,
    onMessage: (listener) => inbox.onMessage(listener),
    onClosed: (listener) => inbox.onClosed(listener),
    async [Symbol.asyncDispose]() {
      inbox.close();
      await stream[Symbol.asyncDispose]();
    },
  };
}

const frameOf = (message: SignalMessage): Uint8Array => frameRecord(encodeSignal(message));

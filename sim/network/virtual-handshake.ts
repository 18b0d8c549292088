/**
 * What stands for ICE's checks and the DTLS handshake in memory: each end shows its fingerprint, and the one that it
 * was told of the far end, so that a caller that has not seen our description gets nowhere.
 */
import type { ByteStream } from '../../runtime/ports/stream-network.ts';

const FINGERPRINT = 32;

interface Greeted {
  /** The far end's fingerprint as it really is. */
  readonly shown: Uint8Array;
  /** Octets of the stream that came with it. */
  readonly rest: Uint8Array;
}

/**
 * Calls `done` once: with undefined when the far end closed or doesn't mean us (it breaks off when its description
 * of us was changed on the way). What comes next on the stream belongs to whom `done` makes listen.
 */
export function greetVirtually(
  stream: ByteStream,
  mine: Uint8Array,
  told: Uint8Array,
  done: (greeted: Greeted | undefined) => void,
): Disposable {
  let received = new Uint8Array(0);
  const stop = (): void => {
    bytes[Symbol.dispose]();
    closed[Symbol.dispose]();
  };
  const finish = (greeted: Greeted | undefined): void => {
    stop();
    done(greeted);
  };
  const closed = stream.onClosed(() => finish(undefined));
  const bytes = stream.onBytes((part) => {
    received = Uint8Array.from([...received, ...part]);
    if (received.length < 2 * FINGERPRINT) return;
    const shown = received.slice(0, FINGERPRINT);
    const expected = received.slice(FINGERPRINT, 2 * FINGERPRINT);
    const rest = received.slice(2 * FINGERPRINT);
    finish(equalOctets(expected, mine) ? { shown, rest } : undefined);
  });
  stream.write(Uint8Array.from([...mine, ...told]));
  return { [Symbol.dispose]: stop };
}

export function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

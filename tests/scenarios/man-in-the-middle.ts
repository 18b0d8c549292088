/**
 * A server that sits in the middle: it answers each offer itself, makes an offer of its own to the other box, and passes on
 * what both of them say, changing nothing but the fingerprints. Each box has an encrypted connection: with the server.
 */
import type { BoxId } from '../../runtime/core/ensemble.ts';
import type {
  PeerConnection,
  PeerConnections,
  PeerStream,
} from '../../runtime/ports/peer-connection.ts';
import { decodeSignal, encodeSignal } from '../../runtime/transport/link/signal-message.ts';
import type { Letter, VirtualControlPlane } from '../../sim/virtual-control-plane.ts';

const EXCHANGE_END = 17;

interface Sides {
  readonly dialer: BoxId;
  readonly acceptor: BoxId;
  readonly toDialer: PeerConnection;
  readonly toAcceptor: PeerConnection;
}

export interface ManInTheMiddle {
  /** Octets that passed through in clear. */
  readonly heard: Uint8Array[];
  readonly bridged: number;
}

/** From now on all that passes the hub passes through it. */
export function sitInTheMiddle(
  hub: VirtualControlPlane,
  connections: PeerConnections,
): ManInTheMiddle {
  const exchanges = new Map<string, Sides>();
  const heard: Uint8Array[] = [];
  let bridged = 0;

  const open = (letter: Letter): Sides => {
    const head = letter.message.slice(0, EXCHANGE_END);
    const [toDialer, toAcceptor] = (['answerer', 'offerer'] as const).map((role) =>
      connections.open({ role, iceServers: [] }),
    ) as [PeerConnection, PeerConnection];
    const speak = (connection: PeerConnection, from: BoxId, to: BoxId): void => {
      // Beyond the numbers that the boxes themselves come to.
      let sequence = 64;
      connection.onSignal((signal) => {
        const body = encodeSignal({ kind: 'signal', attempt: 0, signal });
        hub.deliver({ from, to, message: Uint8Array.from([...head, sequence++, ...body]) });
      });
    };
    speak(toDialer, letter.to, letter.from);
    speak(toAcceptor, letter.from, letter.to);
    const ends: PeerStream[] = [];
    const bridge = (stream: PeerStream): void => {
      ends.push(stream);
      const [one, other] = ends;
      if (!one || !other) return;
      bridged++;
      for (const [a, b] of [
        [one, other],
        [other, one],
      ] as const) {
        a.onBytes((bytes) => {
          heard.push(bytes.slice());
          b.write(bytes);
        });
        a.packets?.onPacket((packet) => b.packets?.send(packet));
        a.onClosed(() => void b[Symbol.asyncDispose]());
      }
    };
    toDialer.onOpen(bridge);
    toAcceptor.onOpen(bridge);
    return { dialer: letter.from, acceptor: letter.to, toDialer, toAcceptor };
  };

  hub.misdeeds.letter = (letter) => {
    const key = letter.message.slice(1, EXCHANGE_END).join();
    // One octet of sequence: the boxes say fewer than 128 things.
    const message = decodeSignal(letter.message.slice(EXCHANGE_END + 1));
    if (message?.kind !== 'signal' || message.attempt !== 0) return [letter];
    const sides = exchanges.get(key) ?? open(letter);
    exchanges.set(key, sides);
    const near = letter.from === sides.dialer ? sides.toDialer : sides.toAcceptor;
    near.signal(message.signal);
    return [];
  };

  return {
    heard,
    get bridged() {
      return bridged;
    },
  };
}

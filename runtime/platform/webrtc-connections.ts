/**
 * Peer connections over WebRTC (node-datachannel, which is libdatachannel with libjuice and OpenSSL).
 *
 * Takes  STUN and TURN servers, an address to bind.
 * Gives  connections encrypted by DTLS and SRTP, with one track for RTP packets and one data channel.
 * Keeps  at most MAX_CONNECTIONS, each until the library has let go of it, and counts.
 * Lane   1. The library has threads of its own; its events come to this one.
 */
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../ports/clock.ts';
import type { PeerConnections } from '../ports/peer-connection.ts';
import { WebRtcConnection } from './webrtc-connection.ts';

/** Of this process: far more than a session has members, far fewer than a process has file descriptors. */
const MAX_CONNECTIONS = 256;

export interface WebRtcConnections extends PeerConnections, AsyncDisposable {
  /** Opened, and not yet let go of. */
  readonly size: number;
  /** Exceptions and refusals that ended, or might have ended, a connection. */
  readonly faults: number;
}

export interface WebRtcDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** Rejects with PortError 'unavailable' where the library doesn't run. */
export async function openWebRtcConnections(deps: WebRtcDeps): Promise<WebRtcConnections> {
  await loadLibrary();
  const held = new Set<WebRtcConnection>();
  let faults = 0;
  const onFault = (error: unknown): void => {
    faults++;
    deps.log.warn('fault in a peer connection', { error });
  };
  return {
    open(init) {
      const full = held.size >= MAX_CONNECTIONS;
      const connection = new WebRtcConnection(
        { clock: deps.clock, onFault, onReleased: () => held.delete(connection) },
        init,
      );
      held.add(connection);
      if (full) connection.refuse('this box has too many connections already; close some');
      else connection.begin();
      return connection;
    },
    get size() {
      return held.size;
    },
    get faults() {
      return faults;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...held].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}

async function loadLibrary(): Promise<void> {
  try {
    const { prepareLibrary } = await import('./webrtc-library.ts');
    prepareLibrary();
  } catch (cause) {
    throw new PortError(
      'unavailable',
      'encrypted connections need node-datachannel, which does not run here; install the packages again',
      { cause },
    );
  }
}

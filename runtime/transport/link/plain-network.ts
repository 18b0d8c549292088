/**
 * Links over plain TCP: nothing is encrypted, and RTP-MIDI goes beside it over UDP. For diagnosis (`link.security: open`).
 *
 * Takes  a StreamNetwork.
 * Gives  its streams as peer streams, without a fast lane and without a binding.
 */
import { PortError } from '../../core/errors.ts';
import type { PeerStream } from '../../ports/peer-connection.ts';
import type { ByteStream, StreamNetwork } from '../../ports/stream-network.ts';
import type { PeerNetwork } from './peer-network.ts';
import { boxOfPlace } from './place.ts';

export function openPlainNetwork(deps: { readonly streams: StreamNetwork }): PeerNetwork {
  const { streams } = deps;
  return {
    listen: (init, onStream) => streams.listen(init, (stream) => onStream(plainStream(stream))),
    async connect(to, signal) {
      if (boxOfPlace(to)) {
        throw new PortError(
          'unavailable',
          'links are set to be open: boxes on the internet take encrypted ones only; set link.security to encrypted',
        );
      }
      return plainStream(await streams.connect(to, signal));
    },
  };
}

/** Where this side of it is bound is of interest to nobody. */
const ANYWHERE = { host: '', port: 0 };

function plainStream(stream: ByteStream): PeerStream {
  const { remote } = stream;
  return {
    remote,
    packets: undefined,
    binding: undefined,
    route: { kind: 'local', local: ANYWHERE, remote },
    write: (bytes) => stream.write(bytes),
    onBytes: (listener) => stream.onBytes(listener),
    onClosed: (listener) => stream.onClosed(listener),
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  };
}

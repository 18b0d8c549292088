/**
 * The far end of a round trip, in a process of its own: `echo.ts dgram | togthr | npm PORT`. Says its port when it is up.
 *
 * Whatever comes goes back at once: a datagram, or a MIDI message through a session.
 */
import { createSocket } from 'node:dgram';
import { silentLog } from '../../../runtime/core/log.ts';
import { openMonotonicClock } from '../../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../../runtime/platform/udp-network.ts';
import { openRtpMidiEndpoint } from '../../../runtime/transport/rtp-midi/endpoint.ts';
import { startNpmSession } from './npm-rtpmidi.ts';

const HOST = '127.0.0.1';
const [kind, wanted] = process.argv.slice(2);

async function open(): Promise<number> {
  switch (kind) {
    case 'dgram': {
      const socket = createSocket('udp4');
      socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
      await new Promise<void>((bound) => socket.bind(0, HOST, bound));
      return socket.address().port;
    }
    case 'togthr': {
      const clock = openMonotonicClock();
      const endpoint = await openRtpMidiEndpoint(
        { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
        { name: 'echo', port: 0, host: HOST },
      );
      endpoint.onMidi((_peer, message, _performedAt, arrivedAt) =>
        endpoint.send(message, arrivedAt),
      );
      return endpoint.controlPort;
    }
    case 'npm': {
      const session = await startNpmSession(Number(wanted), 'echo');
      session.on('message', (_delta, message) => session.sendMessage(0, [...message]));
      return session.port;
    }
    default:
      throw new Error(`${kind}: dgram, togthr or npm`);
  }
}

const port = await open();
process.on('disconnect', () => process.exit());
process.send?.(port);

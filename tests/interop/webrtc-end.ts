/**
 * One end of a peer connection in a process of its own: signals go in and out as JSON, one a line.
 *
 * node --import tsx tests/interop/webrtc-end.ts <offerer | answerer>
 */
import { createInterface } from 'node:readline';
import { silentLog } from '../../runtime/core/log.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openWebRtcConnections } from '../../runtime/platform/webrtc-connections.ts';

const role = process.argv[2] === 'answerer' ? 'answerer' : 'offerer';
const tell = (event: unknown): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const connections = await openWebRtcConnections({ clock: openMonotonicClock(), log: silentLog });
let current = connections.open({ role, iceServers: [] });

/** One in a hundred breaks off; whoever runs this tells both ends to begin again. */
function follow(): void {
  const connection = current;
  connection.onSignal(tell);
  connection.onFailed((reason) => connection === current && tell({ kind: 'failed', reason }));
  connection.onOpen((stream) => {
    tell({ kind: 'open', route: stream.route });
    stream.onBytes((bytes) => tell({ kind: 'bytes', octets: [...bytes] }));
    stream.write(Uint8Array.of(1, 2, 3));
  });
}
follow();
createInterface({ input: process.stdin }).on('line', (line) => {
  const said = JSON.parse(line);
  if (said.kind !== 'again') {
    current.signal(said);
    return;
  }
  void current[Symbol.asyncDispose]();
  current = connections.open({ role, iceServers: [] });
  follow();
});
tell({ kind: 'ready' });

/**
 * A session with npm `rtpmidi` in which nothing is played for more than a minute, in real time, begun by either side: it
 * must still be there, and carry notes both ways. `make soak`.
 *
 *   npx tsx tests/soak/rtp-midi-idle.ts [--seconds 75]
 */
import { parseArgs } from 'node:util';
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import { openRtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { openNpmSession, until } from '../interop/npm-rtpmidi.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '75' } } });
const HOST = '127.0.0.1';
const clock = openMonotonicClock();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

for (const inviter of ['ours', 'theirs'] as const) {
  const heardHere: MidiMessage[] = [];
  const heardThere: string[] = [];
  let left = 0;
  await using ours = await openRtpMidiEndpoint(
    { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
    { name: 'ours', port: 0, host: HOST },
  );
  ours.onMidi((_peer, message) => heardHere.push(message));
  const theirs = await openNpmSession((hex) => heardThere.push(hex));
  if (inviter === 'ours') ours.connect({ host: HOST, port: theirs.port });
  else theirs.connect({ address: HOST, port: ours.controlPort });
  await until(() => ours.peers.length === 1, 10);
  await until(() => theirs.streams[0]?.latency != null, 30);
  ours.onPeer((_peer, state) => {
    if (state === 'left') left++;
  });
  await new Promise((next) => setTimeout(next, 1_000 * Number(values.seconds)));
  ours.send(shortMessage(0x90, 60, 100) as MidiMessage, clock.now());
  theirs.sendMessage(0, [0x90, 62, 90]);
  await until(() => heardHere.length > 0 && heardThere.length > 0, 5);
  say(`invited by ${inviter}: up after ${values.seconds} s without a note, ${left} times lost`);
  if (left > 0) process.exitCode = 1;
  await new Promise<void>((ended) => theirs.end(ended));
}

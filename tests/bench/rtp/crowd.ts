/**
 * One box, many AppleMIDI participants: what it costs, how late it gets, and whether any state is lost.
 *
 *   npx tsx tests/bench/rtp/crowd.ts [--participants 64] [--seconds 300] [--json]
 *
 * The box is a whole one (`openBox`) in a process of its own, on real UDP on loopback; the participants are end points
 * in this process. Everyone plays 50 events a second; the box plays as much to all of them. "Added delay" is from a
 * participant's `send` to the box's `onMidi`, against the same with a single participant just before.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Histogram } from '../../../runtime/core/histogram.ts';
import { silentLog } from '../../../runtime/core/log.ts';
import { openMonotonicClock } from '../../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../../runtime/platform/udp-network.ts';
import { openRtpMidiEndpoint } from '../../../runtime/transport/rtp-midi/endpoint.ts';
import type { CrowdReport } from './crowd-box.ts';
import { isStamp, playSteadily } from './crowd-playing.ts';
import { differences, StateSheet } from './state-sheet.ts';

const HOST = '127.0.0.1';
const PER_SECOND = 50;
const ALONE_SECONDS = 10;
const { values } = parseArgs({
  options: {
    participants: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.participants);
const seconds = Number(values.seconds);
const clock = openMonotonicClock();
const wait = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));

interface Participant {
  readonly name: string;
  readonly played: StateSheet;
  readonly heard: StateSheet;
  readonly sent: { at: number[]; stamp: number[] };
  play(): () => void;
  close(): Promise<void>;
}

async function openParticipant(i: number, port: number): Promise<Participant> {
  const name = `p${i}`;
  const endpoint = await openRtpMidiEndpoint(
    { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
    { name, port: 0, host: HOST },
  );
  const played = new StateSheet();
  const heard = new StateSheet();
  const sent: Participant['sent'] = { at: [], stamp: [] };
  endpoint.onMidi((_peer, message) => heard.take(message));
  endpoint.connect({ host: HOST, port });
  return {
    name,
    played,
    heard,
    sent,
    play: () =>
      playSteadily(PER_SECOND, i % 15, (message) => {
        played.take(message);
        if (isStamp(message)) {
          sent.at.push(performance.timeOrigin + performance.now());
          sent.stamp.push(message.velocity);
        }
        endpoint.send(message, clock.now());
      }),
    close: async () => endpoint[Symbol.asyncDispose](),
  };
}

async function ask(box: ChildProcess): Promise<CrowdReport> {
  box.send('report');
  const [report] = (await once(box, 'message')) as [CrowdReport];
  return report;
}

/** Pairs what was sent with what arrived, by their running numbers; what is missing is passed over. */
function delays(participants: readonly Participant[], report: CrowdReport): Histogram {
  const times = new Histogram();
  for (const { name, sent } of participants) {
    const came = report.arrivals[name] ?? { at: [], stamp: [] };
    let next = 0;
    for (const [i, stamp] of came.stamp.entries()) {
      while (next < sent.stamp.length && sent.stamp[next] !== stamp) next++;
      const ms = (came.at[i] ?? 0) - (sent.at[next++] ?? Number.NaN);
      if (!Number.isNaN(ms)) times.record(Math.max(0, ms * 1_000));
    }
  }
  return times;
}

const box = fork(fileURLToPath(new URL('./crowd-box.ts', import.meta.url)));
const [port] = (await once(box, 'message')) as [number];
const participants: Participant[] = [await openParticipant(0, port)];
await wait(1_000);
const stopAlone = participants[0]?.play() ?? (() => {});
await wait(ALONE_SECONDS * 1_000);
stopAlone();
await wait(500);
const alone = delays(participants, await ask(box));
for (const { sent } of participants) sent.at.length = sent.stamp.length = 0;

for (let i = 1; i < count; i++) participants.push(await openParticipant(i, port));
await wait(3_000);
box.send('clear');
box.send('play');
const ownCpu = process.cpuUsage();
const stops = participants.map((participant) => participant.play());
for (let second = 0; second < seconds; second++) {
  await wait(1_000);
  if (second % 30 === 29 && process.stderr.isTTY) process.stderr.write(`${second + 1} s\n`);
}
for (const stop of stops) stop();
box.send('stop');
const spent = process.cpuUsage(ownCpu);
await wait(1_000);
const report = await ask(box);
const together = delays(participants, report);
let lost = 0;
for (const { name, played, heard } of participants) {
  const there = report.sheets[name] ?? [];
  lost += differences(played.lines, there) + differences(there, played.lines);
  lost += differences(report.own, heard.lines) + differences(heard.lines, report.own);
}
const result = {
  participants: count,
  seconds,
  eventsPerSecond: count * PER_SECOND,
  cpuPercent: (100 * report.cpuSeconds) / (seconds + 1),
  participantsCpuPercent: (100 * (spent.user + spent.system)) / 1e6 / seconds,
  rssMiB: report.rssMiB,
  delayAlone: { p50: alone.quantile(0.5), p99: alone.quantile(0.99) },
  delay: { p50: together.quantile(0.5), p99: together.quantile(0.99), max: together.quantile(1) },
  addedP99: together.quantile(0.99) - alone.quantile(0.99),
  outputLatenessP99: report.outputLateness,
  notesHeard: together.count,
  notesPlayed: participants.reduce((sum, { sent }) => sum + sent.at.length, 0),
  recovered: report.recovered,
  lostState: lost,
  packetsSent: report.packetsSent,
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  const us = (value: number): string => `${Math.round(value)} us`;
  process.stdout.write(
    `${count} participants, ${PER_SECOND} events/s each and as many back, ${seconds} s
box: ${result.cpuPercent.toFixed(1)} % of one core, ${result.rssMiB.toFixed(0)} MiB; participants together ${result.participantsCpuPercent.toFixed(0)} %
send to onMidi: p50 ${us(result.delay.p50)}, p99 ${us(result.delay.p99)}; alone p50 ${us(result.delayAlone.p50)}, p99 ${us(result.delayAlone.p99)}; added at p99 ${us(result.addedP99)}
output: p99 ${us(result.outputLatenessP99)} after due
notes: ${result.notesHeard} of ${result.notesPlayed} received as sent, ${result.recovered} messages recovered
lost state: ${result.lostState}
`,
  );
}
for (const participant of participants) await participant.close();
box.disconnect();
process.exitCode = lost === 0 ? 0 : 1;

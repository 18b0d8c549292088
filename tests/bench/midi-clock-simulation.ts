/**
 * A source of MIDI clock and a box that follows it, both on the real RTP-MIDI end points, over a seeded network.
 *
 * Takes  a network, how much the source's own clock strays, the music (tempo, transport).
 * Gives  every clock with its true time at the source, when it arrived, and when its regenerated one is due.
 */
import { silentLog } from '../../runtime/core/log.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, type Instant, type Micros } from '../../runtime/core/time.ts';
import { CLOCKS_PER_QUARTER } from '../../runtime/midi-sync/clock-follower.ts';
import { openMidiSync } from '../../runtime/midi-sync/midi-sync.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import { openPredictionEngine } from '../../runtime/prediction/engine.ts';
import { openRtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { openDriftingClock } from '../../sim/drifting-clock.ts';
import type { NetworkProfile, ProfileName } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { normal, seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

export interface ClockRun {
  readonly network: ProfileName | NetworkProfile;
  readonly seed: number;
  /** Deviation of the source's clocks around their places (milliseconds). */
  readonly stray: number;
  readonly seconds: number;
  /** Quarter notes a minute, by seconds since the beginning. */
  readonly bpm: (second: number) => number;
  /** Behind the source; undefined: as long as its notes. */
  readonly delay?: Micros;
  /** What the source does beside its clock, in order: seconds since the beginning, and the messages. */
  readonly score?: readonly { readonly at: number; readonly messages: readonly MidiMessage[] }[];
  /** How long the path is parted, by seconds since the beginning. */
  readonly parted?: { readonly from: number; readonly to: number };
}

export interface TimedMessage {
  readonly message: MidiMessage;
  readonly at: number;
}

export interface ClockRunResult {
  /** As the source meant it: clocks without stray. */
  readonly meant: readonly TimedMessage[];
  /** As it came: on arrival, with what the journal brought back. */
  readonly forwarded: readonly TimedMessage[];
  /** As it was regenerated: due times. */
  readonly given: readonly TimedMessage[];
  readonly relocations: number;
  readonly packetsLost: number;
}

/** How much faster the source's clock runs (millionths). */
const SKEW = 60;
const CLOCK: MidiMessage = { kind: 'timingClock' };
/** The clocks have exchanged a few samples by then. */
const SETTLING = 9_000;
const TAIL = 3_000;

export async function simulateClock(run: ClockRun): Promise<ClockRunResult> {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({
    clock,
    randomness: seededRandomness(run.seed),
    profile: run.network,
  });
  const there = openDriftingClock(clock, SKEW);
  const open = (host: string, seed: string, name: string, own: Clock) =>
    openRtpMidiEndpoint(
      {
        clock: own,
        network: network.host(host, { clock: own }).datagrams,
        randomness: seededRandomness(`${run.seed} ${seed}`),
        log: silentLog,
      },
      { name, port: 5_004, reorderHold: fromMillis(15) },
    );
  const source = await open('10.0.0.1', 'source', 'Source', there);
  const box = await open('10.0.0.2', 'box', 'Box', clock);
  const meant: TimedMessage[] = [];
  const forwarded: TimedMessage[] = [];
  const given: TimedMessage[] = [];
  const engine = openPredictionEngine({ clock, play: () => {}, release: () => {} });
  const sync = openMidiSync(
    {
      clock,
      ensembleClock: {
        toEnsemble: (at) => at as never,
        toLocal: (at) => at as never,
        synced: true,
      },
      play: (message, due) => given.push({ message, at: due }),
      delayOf: (name) => engine.streamStats(name)?.buffer,
    },
    {
      clockOut: 'follow',
      timeCodeOut: 'follow',
      ...(run.delay === undefined ? {} : { delay: run.delay }),
    },
  );
  let packetsLost = 0;
  box.onMidi((peer, message, performedAt, arrivedAt, recovered) => {
    engine.receive('source', message, performedAt, arrivedAt, recovered);
    sync.receive('source', message, performedAt, recovered, peer.packetsLost);
    packetsLost = peer.packetsLost;
    forwarded.push({ message, at: clock.now() });
  });
  box.connect({ host: '10.0.0.1', port: 5_004 });
  await clock.advanceSettling(fromMillis(SETTLING));

  const begin = clock.now();
  await play(
    run,
    clock,
    begin,
    (message) => source.send(message, there.now()),
    meant,
    (parted) => {
      if (parted) network.partition(['10.0.0.1'], ['10.0.0.2']);
      else network.heal();
    },
  );
  await clock.advanceSettling(fromMillis(TAIL));
  const result = { meant, forwarded, given, relocations: sync.status.relocations, packetsLost };
  await sync[Symbol.asyncDispose]();
  return result;
}

/** The source at work: its clock, and its score, on alarms of their own. */
async function play(
  run: ClockRun,
  clock: VirtualClock,
  begin: Instant,
  send: (message: MidiMessage) => void,
  meant: TimedMessage[],
  part: (parted: boolean) => void,
): Promise<void> {
  const music = seededRandomness(`${run.seed} music`);
  const end = begin + run.seconds * 1e6;
  const events: { at: number; messages: readonly MidiMessage[]; meantAt: number }[] = [];
  let played = Number.NEGATIVE_INFINITY;
  for (let at: number = begin; at < end; ) {
    // Clocks never overtake one another.
    played = Math.max(played, at + normal(music) * run.stray * 1_000);
    events.push({ at: played, messages: [CLOCK], meantAt: at });
    at += 60e6 / (run.bpm((at - begin) / 1e6) * CLOCKS_PER_QUARTER);
  }
  for (const { at, messages } of run.score ?? []) {
    events.push({ at: begin + at * 1e6, messages, meantAt: begin + at * 1e6 });
  }
  events.sort((a, b) => a.at - b.at);
  let partedNow = false;
  for (const event of events) {
    const second = (event.at - begin) / 1e6;
    const parts = run.parted !== undefined && second >= run.parted.from && second < run.parted.to;
    if (parts !== partedNow) part(parts);
    partedNow = parts;
    if (event.at > clock.now()) await clock.advanceSettling((event.at - clock.now()) as Micros);
    for (const message of event.messages) {
      send(message);
      meant.push({ message, at: event.meantAt });
    }
  }
}

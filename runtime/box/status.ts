/**
 * Reads the rooms into what a box tells about itself. Lane 4: copies numbers when somebody looks.
 */
import {
  type BoxStatus,
  type ParticipantStatus,
  readHistogram,
  type StatusSource,
  type TimeStatus,
} from '../core/box-status.ts';
import type { BoxId, Participant } from '../core/ensemble.ts';
import { elapsed } from '../core/time.ts';
import type { MidiManager } from '../midi-manager/midi-manager.ts';
import type { MidiSync } from '../midi-sync/midi-sync.ts';
import type { OutputManager } from '../output/output-manager.ts';
import type { Clock } from '../ports/clock.ts';
import type { PredictionEngine } from '../prediction/engine.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { Metronome } from '../timeline/metronome.ts';
import { timeInWords } from '../timeline/time-words.ts';
import type { EnsembleClock } from '../transport/clock-sync/ensemble-clock.ts';
import type { LaneStats, LinkLanes } from '../transport/link/link-lanes.ts';
import type { RtpMidiEndpoint, RtpMidiPeer } from '../transport/rtp-midi/endpoint.ts';
import type { PeerWiring } from './peer-wiring.ts';

export interface StatusDeps {
  readonly clock: Clock;
  readonly rtp: RtpMidiEndpoint;
  readonly lanes: LinkLanes;
  readonly session: SessionManager;
  readonly engine: PredictionEngine;
  readonly output: OutputManager;
  readonly midi: MidiManager;
  readonly peers: PeerWiring;
  readonly sync: MidiSync;
  readonly ensembleClock: EnsembleClock;
  readonly metronome: Metronome;
}

export interface StatusInit {
  readonly id: BoxId;
  readonly name: string;
  readonly version: string;
  /** Names of the devices that are plugged in. */
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
  readonly priority: 'realtime' | 'normal';
}

export function openStatusSource(deps: StatusDeps, init: StatusInit): StatusSource {
  const { clock, rtp, session, engine, output, midi, sync } = deps;
  const startedAt = clock.now();
  return {
    status(): BoxStatus {
      const context = session.context;
      const counts = output.stats;
      const beat = sync.status;
      const problems = findProblems(init);
      return {
        id: init.id,
        name: init.name,
        version: init.version,
        uptime: elapsed(startedAt, clock.now()),
        session: context && {
          id: context.session,
          name: context.name,
          host: context.host,
          mode: context.mode,
          bpm: context.timeline.bpm,
          playing: context.playing,
          time: timeStatus(deps),
        },
        participants: listParticipants(deps),
        midi: {
          inputs: [...init.inputs],
          outputs: [...init.outputs],
          events: midi.stats.events,
          filtered: midi.stats.filtered + midi.stats.capped,
          faults: midi.stats.faults,
          clockFrom: beat.clockFrom,
          clockBpm: beat.bpm,
          timeCodeFrom: beat.timeCodeFrom,
        },
        output: {
          sent: counts.sent,
          dropped: counts.dropped,
          late: counts.late,
          sounding: output.soundingNotes,
          priority: init.priority,
        },
        rtp: {
          port: rtp.controlPort,
          datagrams: rtp.stats.datagrams,
          // Copies are sent on purpose: what comes twice is no fault.
          faults: Object.entries(rtp.stats.faults).reduce(
            (sum, [fault, count]) => (fault === 'duplicate' ? sum : sum + count),
            faultsOf(deps.lanes.stats),
          ),
          passedOn: deps.lanes.stats.relayed,
        },
        health: { ok: problems.length === 0, problems },
      };
    },
    histograms(participant) {
      const stats = engine.streamStats(participant);
      return {
        delay: stats && readHistogram(stats.delays),
        jitter: stats && readHistogram(stats.lateness),
      };
    },
  };
}

function timeStatus({ session, ensembleClock, metronome }: StatusDeps): TimeStatus {
  const { accuracy, synced } = ensembleClock;
  const keptHere = session.reference?.box === 'self';
  return {
    uncertainty: accuracy?.uncertainty,
    bound: accuracy?.bound,
    words: timeInWords({ keptHere, synced, accuracy }),
    clicks: metronome.stats.given,
    missedClicks: metronome.stats.missed,
  };
}

/** What came over links and was of no use. */
const faultsOf = ({ malformed, flooded, unexpected, forged }: LaneStats): number =>
  malformed + flooded + unexpected + forged;

/** What keeps the box from its job. Being alone or in no session is none, nor is a box that only plays or only listens. */
function findProblems({ inputs, outputs }: StatusInit): readonly string[] {
  if (inputs.size + outputs.size > 0) return [];
  return ['no MIDI device is plugged in; see togthr doctor'];
}

/** The session's others, and those RTP-MIDI peers that are in no session with us. */
function listParticipants(deps: StatusDeps): readonly ParticipantStatus[] {
  const others = deps.session.context?.participants.filter(({ self }) => !self) ?? [];
  const known = new Set<string>(others.map(({ id }) => id));
  const strangers = deps.rtp.peers.filter((peer) => !known.has(deps.peers.sourceOf(peer)));
  return [
    ...others.map((other) => describe(deps, other.id, deps.peers.peerOf(other.id), other)),
    ...strangers.map((peer) => describe(deps, deps.peers.sourceOf(peer), peer, undefined)),
  ];
}

function describe(
  { engine }: StatusDeps,
  id: string,
  peer: RtpMidiPeer | undefined,
  participant: Participant | undefined,
): ParticipantStatus {
  const stream = engine.streamStats(id);
  const link = peer?.stats;
  const heard = stream !== undefined && stream.delays.count > 0;
  return {
    id,
    name: participant?.name ?? peer?.name ?? id,
    role: participant?.role,
    connected: peer !== undefined,
    rtt: link?.rtt,
    jitter: link?.jitter,
    loss: link?.loss ?? 0,
    events: stream?.events ?? 0,
    recovered: link?.recovered ?? 0,
    delayP50: heard ? stream.delayP50 : undefined,
    delayP95: heard ? stream.delayP95 : undefined,
    late: stream?.late ?? 0,
    dropped: stream?.dropped ?? 0,
  };
}

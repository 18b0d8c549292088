/**
 * What a running box tells about itself: plain data for the status page, metrics and the panel.
 * Counters count since the box started; times are microseconds; shares are 0 to 1.
 */
import type { BoxId, JamMode, Role, SessionId } from './ensemble.ts';
import { fromMillis, type Micros, micros } from './time.ts';

export interface BoxStatus {
  readonly id: BoxId;
  readonly name: string;
  readonly version: string;
  readonly uptime: Micros;
  /** Undefined: in no session. */
  readonly session: SessionStatus | undefined;
  /** Those whose events arrive here: box-to-box participants and other RTP-MIDI peers, without self. */
  readonly participants: readonly ParticipantStatus[];
  readonly midi: MidiStatus;
  readonly output: OutputStatus;
  readonly rtp: RtpStatus;
  readonly health: HealthStatus;
}

export interface SessionStatus {
  readonly id: SessionId;
  readonly name: string;
  readonly host: BoxId;
  readonly mode: JamMode;
  readonly bpm: number;
  readonly playing: boolean;
  readonly time?: TimeStatus;
}

/** How well this box knows the session's time. */
export interface TimeStatus {
  /** About 95 of 100 times, were both ways to the box that keeps it equally long; undefined: unknown. */
  readonly uncertainty: Micros | undefined;
  /** At the very most. */
  readonly bound: Micros | undefined;
  readonly words: string;
  /** Clicks given here, and beats that passed without one since the box was busy. */
  readonly clicks: number;
  readonly missedClicks: number;
}

export interface ParticipantStatus {
  /** A BoxId, or an identity of the endpoint's making for a peer that is no box. Unique among the participants. */
  readonly id: string;
  readonly name: string;
  readonly role: Role | undefined;
  readonly connected: boolean;
  /** Median round trip; undefined before the first clock exchange. */
  readonly rtt: Micros | undefined;
  readonly jitter: Micros | undefined;
  /** Lost packets, 0 to 1. */
  readonly loss: number;
  /** Events that arrived, repaired ones included. */
  readonly events: number;
  /** Commands that the recovery journal brought back. */
  readonly recovered: number;
  /** From being performed there to being due here. */
  readonly delayP50: Micros | undefined;
  readonly delayP95: Micros | undefined;
  /** Arrived after the buffer's deadline and played late. */
  readonly late: number;
  readonly dropped: number;
}

export interface MidiStatus {
  /** Names of the devices in use. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Played here and passed on. */
  readonly events: number;
  /** Held back by filters and rate caps. */
  readonly filtered: number;
  /** Malformed bytes. */
  readonly faults: number;
  /** Whose MIDI clock the outputs get: a participant's id, `self`, `session`; undefined: nobody's. */
  readonly clockFrom?: string | undefined;
  /** Quarter notes a minute of that clock. */
  readonly clockBpm?: number | undefined;
  /** Whose MIDI Time Code. */
  readonly timeCodeFrom?: string | undefined;
}

export interface OutputStatus {
  readonly sent: number;
  readonly dropped: number;
  /** Left later than they were due by more than the output's own tolerance. */
  readonly late: number;
  /** Notes that sound now. */
  readonly sounding: number;
  /** Of the thread that waits for deadlines. */
  readonly priority: 'realtime' | 'normal';
}

export interface RtpStatus {
  /** The control port; data is on the next one. */
  readonly port: number;
  readonly datagrams: number;
  /** Datagrams that could not be decoded, or came from nobody we know. */
  readonly faults: number;
  /** Packets of others that this box passed on to others. */
  readonly passedOn: number;
}

export interface HealthStatus {
  readonly ok: boolean;
  /** In words, with what to do. Empty when `ok`. */
  readonly problems: readonly string[];
}

/** A histogram read at one moment. `counts[i]` values were at most `bounds[i]`, which ascend; the counts are cumulative. */
export interface HistogramReading {
  readonly bounds: readonly Micros[];
  readonly counts: readonly number[];
  /** All values, also those above the last bound. */
  readonly count: number;
  readonly sum: Micros;
}

/** Read when somebody looks (lane 4); it must not cost the box more than copying numbers. */
export interface StatusSource {
  status(): BoxStatus;
  /** Of one participant: delay from being performed to being due, and how far it strayed from its usual value. */
  histograms(participant: string): {
    readonly delay: HistogramReading | undefined;
    readonly jitter: HistogramReading | undefined;
  };
}

/** Bucket bounds that tell apart what a musician can: finest around 20 ms, where lateness begins to be heard. */
const READING_BOUNDS: readonly Micros[] = [
  1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000,
].map(fromMillis);

/** Reads a histogram (core/histogram.ts, in microseconds) for metrics. */
export function readHistogram(histogram: {
  readonly count: number;
  readonly sum: number;
  countAtMost(bound: number): number;
}): HistogramReading {
  return {
    bounds: READING_BOUNDS,
    counts: READING_BOUNDS.map((bound) => histogram.countAtMost(bound)),
    count: histogram.count,
    sum: micros(histogram.sum),
  };
}

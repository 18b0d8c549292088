/**
 * Prometheus metrics of one box.
 *
 * Takes  BoxStatus and histograms when somebody scrapes; event-loop lag and memory from Node.
 * Gives  the text exposition format (prom-client writes it). Seconds and bytes, as Prometheus wants them.
 * Keeps  a registry of its own: several boxes may live in one process.
 * Lane   4.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type Metric, Registry } from 'prom-client';
import type {
  BoxStatus,
  HistogramReading,
  ParticipantStatus,
  StatusSource,
} from '../core/box-status.ts';
import { type Micros, toSeconds } from '../core/time.ts';

export interface Metrics extends Disposable {
  readonly contentType: string;
  read(): Promise<string>;
  /** How late Node's event loop has been since the last call of `read`, in microseconds. */
  eventLoopLag(): { readonly p50: Micros; readonly p99: Micros; readonly max: Micros };
}

/** How often the event loop's delay is sampled, in milliseconds; the timer's own period is taken off the readings. */
const LAG_RESOLUTION_MS = 10;

type Labels = Readonly<Record<string, string>>;
interface Value {
  readonly value: number;
  readonly labels: Labels;
  readonly metricName?: string;
}
interface Definition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: (status: BoxStatus) => readonly Value[];
}

export function openMetrics(source: StatusSource): Metrics {
  const registry = new Registry();
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  let status: BoxStatus | undefined;

  for (const definition of [
    ...BOX,
    ...PEERS,
    ...histogramsOf(source),
    ...PROCESS,
    lagDefinition(lag),
  ]) {
    const { name, help, type } = definition;
    // A registry asks each metric for its values by get(); ours are read from the box, not counted here.
    const metric = {
      name,
      help,
      type,
      get: async () => ({ name, help, type, values: status ? definition.values(status) : [] }),
    };
    registry.registerMetric(metric as unknown as Metric<string>);
  }

  return {
    contentType: registry.contentType,
    async read() {
      status = source.status();
      const text = await registry.metrics();
      lag.reset();
      return text;
    },
    eventLoopLag: () => ({
      p50: lagAt(lag, 50),
      p99: lagAt(lag, 99),
      max: lagAt(lag, 100),
    }),
    [Symbol.dispose]: () => {
      lag.disable();
      registry.clear();
    },
  };
}

/** One value for the whole box. */
function box(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: (status: BoxStatus) => number,
): Definition {
  return {
    name: `togthr_${name}`,
    help,
    type,
    values: (status) => [{ value: read(status), labels: {} }],
  };
}

/** One value for the whole box, while there is one. */
function known(
  name: string,
  help: string,
  read: (status: BoxStatus) => number | undefined,
): Definition {
  return {
    name: `togthr_${name}`,
    help,
    type: 'gauge',
    values: (status) => {
      const value = read(status);
      return value === undefined ? [] : [{ value, labels: {} }];
    },
  };
}

/** One value for each participant that has it. */
function peer(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: (participant: ParticipantStatus) => number | undefined,
): Definition {
  return {
    name: `togthr_${name}`,
    help,
    type,
    values: (status) =>
      status.participants.flatMap((participant) => {
        const value = read(participant);
        return value === undefined ? [] : [{ value, labels: labelsOf(participant) }];
      }),
  };
}

const seconds = (time: Micros | undefined): number | undefined =>
  time === undefined ? undefined : toSeconds(time);

const BOX: readonly Definition[] = [
  {
    name: 'togthr_info',
    help: 'Which box this is.',
    type: 'gauge',
    values: ({ id, name, version }) => [{ value: 1, labels: { id, name, version } }],
  },
  box('gauge', 'uptime_seconds', 'Since the box started.', (s) => toSeconds(s.uptime)),
  box('gauge', 'healthy', '1 when nothing is wrong.', (s) => (s.health.ok ? 1 : 0)),
  box('gauge', 'in_session', '1 while in a session.', (s) => (s.session ? 1 : 0)),
  box('gauge', 'participants', 'Others that this box hears.', (s) => s.participants.length),
  box('counter', 'midi_events_total', 'Played here and passed on.', (s) => s.midi.events),
  box(
    'counter',
    'midi_filtered_total',
    'Held back by filters and rate caps.',
    (s) => s.midi.filtered,
  ),
  box('counter', 'midi_faults_total', 'Malformed MIDI input.', (s) => s.midi.faults),
  box('counter', 'output_sent_total', 'Events that left.', (s) => s.output.sent),
  box('counter', 'output_dropped_total', 'Events that never left.', (s) => s.output.dropped),
  box('counter', 'output_late_total', 'Events that left late.', (s) => s.output.late),
  box('gauge', 'sounding_notes', 'Notes that sound now.', (s) => s.output.sounding),
  box('gauge', 'output_realtime', '1 when the output thread has real-time priority.', (s) =>
    s.output.priority === 'realtime' ? 1 : 0,
  ),
  known('time_uncertainty_seconds', 'How far the beat may be off, 95 of 100 times.', (s) =>
    seconds(s.session?.time?.uncertainty),
  ),
  known(
    'time_bound_seconds',
    'How far the beat may be off at the most, if the two ways to the box that keeps it differ.',
    (s) => seconds(s.session?.time?.bound),
  ),
  box('counter', 'rtp_datagrams_total', 'RTP-MIDI datagrams received.', (s) => s.rtp.datagrams),
  box('counter', 'rtp_faults_total', 'Datagrams of no use.', (s) => s.rtp.faults),
  box('counter', 'rtp_passed_on_total', 'Packets passed on to others.', (s) => s.rtp.passedOn),
];

const PEERS: readonly Definition[] = [
  peer('gauge', 'connected', '1 while the link is up.', (p) => (p.connected ? 1 : 0)),
  peer(
    'counter',
    'remote_events_total',
    'Events received, repaired ones included.',
    (p) => p.events,
  ),
  peer(
    'counter',
    'repairs_total',
    'Commands that the recovery journal brought back.',
    (p) => p.recovered,
  ),
  peer('counter', 'late_events_total', 'Events that came too late for their time.', (p) => p.late),
  peer('counter', 'dropped_events_total', 'Events that were not played.', (p) => p.dropped),
  peer('gauge', 'packet_loss_ratio', 'Lost packets of late, 0 to 1.', (p) => p.loss),
  peer('gauge', 'round_trip_seconds', 'Median of late.', (p) => seconds(p.rtt)),
];

const PROCESS: readonly Definition[] = [
  {
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process.',
    type: 'gauge',
    values: () => [{ value: process.memoryUsage.rss(), labels: {} }],
  },
  {
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process, user and system.',
    type: 'counter',
    values: () => {
      const { user, system } = process.cpuUsage();
      return [{ value: (user + system) / 1e6, labels: {} }];
    },
  },
];

function lagDefinition(lag: IntervalHistogram): Definition {
  return {
    name: 'togthr_event_loop_lag_seconds',
    help: 'How late the event loop was since the last scrape.',
    type: 'gauge',
    values: () =>
      [50, 99, 100].map((percent) => ({
        value: toSeconds(lagAt(lag, percent)),
        labels: { quantile: String(percent / 100) },
      })),
  };
}

function lagAt(lag: IntervalHistogram, percent: number): Micros {
  if (lag.count === 0) return 0 as Micros;
  return Math.max(0, lag.percentile(percent) / 1_000 - LAG_RESOLUTION_MS * 1_000) as Micros;
}

function histogramsOf(source: StatusSource): readonly Definition[] {
  const read = (name: string, help: string, which: 'delay' | 'jitter'): Definition => ({
    name,
    help,
    type: 'histogram',
    values: (status) =>
      status.participants.flatMap((participant) => {
        const reading = source.histograms(participant.id)[which];
        return reading ? histogramValues(name, reading, labelsOf(participant)) : [];
      }),
  });
  return [
    read('togthr_delay_seconds', 'From being performed there to being due here.', 'delay'),
    read('togthr_jitter_seconds', 'How far delays strayed from the usual one.', 'jitter'),
  ];
}

function histogramValues(
  name: string,
  reading: HistogramReading,
  labels: Labels,
): readonly Value[] {
  const buckets = reading.bounds.map((bound, at) => ({
    metricName: `${name}_bucket`,
    value: reading.counts[at] ?? 0,
    labels: { ...labels, le: String(toSeconds(bound)) },
  }));
  return [
    ...buckets,
    { metricName: `${name}_bucket`, value: reading.count, labels: { ...labels, le: '+Inf' } },
    { metricName: `${name}_sum`, value: toSeconds(reading.sum), labels },
    { metricName: `${name}_count`, value: reading.count, labels },
  ];
}

function labelsOf(participant: ParticipantStatus): Labels {
  return { participant: participant.id, name: participant.name };
}

/**
 * A sending and a receiving stream on a virtual clock, and a path between them that loses, delays, reorders and
 * duplicates: what the protocol's pure core has to live with, without sockets.
 */
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { Instant, Micros } from '../../runtime/core/time.ts';
import { CommandList } from '../../runtime/transport/rtp-midi/command-list.ts';
import { FaultCounters } from '../../runtime/transport/rtp-midi/faults.ts';
import { StreamState } from '../../runtime/transport/rtp-midi/journal/stream-state.ts';
import { emptyRtpHeader, readRtpHeader } from '../../runtime/transport/rtp-midi/rtp-header.ts';
import { StreamReceiver } from '../../runtime/transport/rtp-midi/stream-receiver.ts';
import {
  PACKET_BUFFER_OCTETS,
  StreamSender,
} from '../../runtime/transport/rtp-midi/stream-sender.ts';
import { ticksAt } from '../../runtime/transport/rtp-midi/ticks.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

export interface LossyPath {
  readonly seed: number;
  readonly loss: number;
  /** Mean length of a burst of losses, in packets. */
  readonly burst: number;
  /** Microseconds: least delay, and how much longer it may be. */
  readonly delay: number;
  readonly jitter: number;
  readonly duplicate: number;
  /** Whether the receiver's feedback is sent at all. */
  readonly reports: boolean;
}

const TICK_ORIGIN = 123_456_789;

/** Which keys sound, as a synthesizer would take the messages. */
export class Synthesizer {
  readonly #velocities = new Uint8Array(16 * 128);

  get sounding(): number {
    return this.#velocities.reduce((sum, velocity) => sum + (velocity > 0 ? 1 : 0), 0);
  }

  velocity(channel: number, key: number): number {
    return this.#velocities[channel * 128 + key] ?? 0;
  }

  take(message: MidiMessage): void {
    if (message.kind === 'noteOn')
      this.#velocities[message.channel * 128 + message.key] = message.velocity;
    if (message.kind === 'noteOff') this.#velocities[message.channel * 128 + message.key] = 0;
    if (message.kind !== 'controlChange') return;
    if (message.controller === 120 || message.controller >= 123)
      this.#velocities.fill(0, message.channel * 128, message.channel * 128 + 128);
  }
}

export interface Pair {
  readonly sent: StreamState;
  readonly receiver: StreamReceiver;
  readonly faults: FaultCounters;
  readonly heard: Synthesizer;
  /** NoteOns that were heard but never played, or played too long before. */
  readonly ghosts: string[];
  readonly packets: Uint8Array[];
  readonly now: number;
  releaseAll: boolean;
  /** Sends at once; messages of the same instant share a packet when `hold` was called. */
  send(message: MidiMessage): void;
  flush(): void;
  dropNext(packets: number): void;
  dropFor(micros: number): void;
  run(micros: number): void;
  /** Until nothing is in flight and no guard packet is due, and the last packet of all has arrived. */
  runUntilQuiet(): void;
}

/** A recovered NoteOn was played within this before its packet's timestamp. */
const HINT = 50_000;

export function openLossyPair(path: LossyPath): Pair {
  const clock = new VirtualClock();
  const randomness = seededRandomness(path.seed);
  const uniform = (): number => randomness.uint32() / 0x1_0000_0000;
  const sent = new StreamState();
  const faults = new FaultCounters();
  const heard = new Synthesizer();
  const ghosts: string[] = [];
  const packets: Uint8Array[] = [];
  const out = new Uint8Array(PACKET_BUFFER_OCTETS);
  const list = new CommandList();
  const empty = new CommandList();
  const header = emptyRtpHeader();
  const played: { readonly what: string; readonly at: number }[] = [];
  let stamp = 0;
  let pending: MidiMessage[] = [];
  let drops = 0;
  let dropUntil = 0;
  let bursting = false;
  let inFlight = 0;
  let lost = 0;
  const sender = new StreamSender(0xcafe, randomness.uint32() & 0xffff, sent, clock.now());

  const isLost = (): boolean => {
    if (drops > 0) {
      drops--;
      return true;
    }
    if (clock.now() < dropUntil) return true;
    if (path.loss === 0) return false;
    bursting = bursting
      ? uniform() >= 1 / path.burst
      : uniform() < path.loss / (path.burst * (1 - path.loss) + path.loss);
    return bursting;
  };

  const carry = (deliver: () => void): void => {
    const copies = uniform() < path.duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      inFlight++;
      clock
        .alarm(() => {
          inFlight--;
          deliver();
        })
        .set((clock.now() + path.delay + uniform() * path.jitter) as Instant);
    }
  };

  const receiver = new StreamReceiver(
    {
      message: (message, time, _at, recovered) => {
        heard.take(message);
        if (message.kind !== 'noteOn') return;
        const what = `${message.channel} ${message.key} ${message.velocity}`;
        const tick = (at: number): number => Math.floor(at / 100) + TICK_ORIGIN;
        const known = played.some(
          (note) =>
            note.what === what && tick(note.at) <= time && time - tick(note.at) <= HINT / 100 + 1,
        );
        if (!known)
          ghosts.push(`${what} at ${clock.now()} ${recovered ? 'recovered' : 'received'}`);
      },
      report: (sequence) => {
        if (!path.reports || isLost()) return;
        carry(() => {
          if (!sender.report(sequence, clock.now())) faults.count('badFeedback');
          setAlarm();
        });
      },
    },
    faults,
    3_000 as Micros,
  );

  const emit = (commands: CommandList): void => {
    const now = clock.now();
    const ticks = ticksAt(now, TICK_ORIGIN);
    const length = sender.write(
      commands,
      commands.length > 0 ? commands.first : ticks,
      now,
      now,
      out,
    );
    const packet = out.slice(0, length);
    packets.push(packet);
    if (isLost()) {
      lost++;
      return;
    }
    carry(() => {
      if (readRtpHeader(packet, header) === undefined)
        receiver.receive(packet, header, clock.now());
      setAlarm();
    });
  };

  const flush = (): void => {
    const burst = pending;
    pending = [];
    let at = 0;
    while (at < burst.length) {
      list.clear();
      const first = at;
      while (at < burst.length) {
        const message = burst[at] as MidiMessage;
        if (list.add(message, 0, ticksAt(clock.now(), TICK_ORIGIN)) < 0) break;
        at++;
      }
      emit(list);
      for (const message of burst.slice(first, at)) sent.apply(message, ++stamp, clock.now());
      sender.sent(true, clock.now());
    }
    setAlarm();
  };

  const alarm = clock.alarm(() => {
    const now = clock.now();
    if (sender.guardDue !== undefined && sender.guardDue <= now) {
      emit(empty);
      sender.sent(false, now);
    }
    receiver.tick(now);
    setAlarm();
  });

  const setAlarm = (): void => {
    const due = Math.min(
      sender.guardDue ?? Number.POSITIVE_INFINITY,
      receiver.due ?? Number.POSITIVE_INFINITY,
    );
    if (due === Number.POSITIVE_INFINITY) alarm.clear();
    else alarm.set(due as Instant);
  };

  const pair: Pair = {
    sent,
    receiver,
    faults,
    heard,
    ghosts,
    packets,
    get now() {
      return clock.now();
    },
    releaseAll: false,
    send(message) {
      if (message.kind === 'noteOn') {
        played.push({
          what: `${message.channel} ${message.key} ${message.velocity}`,
          at: clock.now(),
        });
      }
      pending.push(message);
    },
    flush,
    dropNext(count) {
      drops = count;
    },
    dropFor(micros) {
      dropUntil = clock.now() + micros;
    },
    run(micros) {
      flush();
      clock.advance(micros as Micros);
    },
    runUntilQuiet() {
      flush();
      const from = clock.now();
      const before = lost;
      while (
        (inFlight > 0 || sender.guardDue !== undefined || receiver.due !== undefined) &&
        clock.now() - from < 7_000_000
      ) {
        clock.advance(5_000 as Micros);
      }
      // All that followed the last command was lost: one more packet ends any such path.
      if (lost > before) {
        drops = 0;
        const { loss } = path;
        path = { ...path, loss: 0 };
        bursting = false;
        emit(empty);
        sender.sent(false, clock.now());
        clock.advance(1_000_000 as Micros);
        path = { ...path, loss };
      }
    },
  };
  return pair;
}

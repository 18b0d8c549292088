/**
 * Arbitrary performances under arbitrary conditions, for rtp-midi-stage.ts: every kind of MIDI message on a few keys and
 * channels, so that they collide; restarts of either side; outages.
 */
import fc from 'fast-check';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { Conditions, Ending, PathConditions } from './rtp-midi-conditions.ts';
import { Stage } from './rtp-midi-stage.ts';

type Act =
  | {
      readonly kind: 'midi';
      readonly status: number;
      readonly data1: number;
      readonly data2: number;
    }
  | { readonly kind: 'sysEx'; readonly length: number }
  | { readonly kind: 'reset'; readonly data: readonly number[] }
  | { readonly kind: 'clocks'; readonly count: number }
  | { readonly kind: 'tape'; readonly count: number; readonly direction: number }
  | { readonly kind: 'fullFrame'; readonly seconds: number }
  | { readonly kind: 'restartPlayer'; readonly ending: Ending }
  | { readonly kind: 'restartListener'; readonly index: number; readonly ending: Ending }
  | { readonly kind: 'outage'; readonly index: number; readonly millis: number };

export interface Step {
  /** Before it: microseconds. 0: in one burst with the step before. */
  readonly wait: number;
  readonly act: Act;
}

export interface Scenario {
  readonly conditions: Conditions;
  /** After each part all is compared. */
  readonly parts: readonly (readonly Step[])[];
}

const CONTROLLERS = [0, 1, 7, 10, 11, 32, 33, 39, 64, 65, 66, 67, 69, 91, 122];
const MODES = [120, 121, 123, 124, 125, 126, 127];
const PARAMETERS = [6, 38, 96, 97, 98, 99, 100, 101];
/** So much SysEx may wait, and no longer than this. */
const PACED_OCTETS = 200;
const PACED = 3_000_000;
const GM_ON = [0x7e, 0x7f, 9, 1];
const DLS_OFF = [0x7e, 0x7f, 10, 2];

const below = (limit: number): fc.Arbitrary<number> => fc.nat(limit - 1);
const value = below(128);
const key = fc.integer({ min: 58, max: 66 });
const few = fc.constantFrom(0, 1, 2, 127);
const zero = fc.constant(0);
const ending = fc.constantFrom<Ending>('bye', 'kill', 'killAgain');

const onChannel = (
  high: number,
  data1: fc.Arbitrary<number>,
  data2: fc.Arbitrary<number>,
): fc.Arbitrary<Act> =>
  fc
    .tuple(below(3), data1, data2)
    .map(([channel, first, second]) => midi(high | channel, first, second));

const midi = (status: number, data1: number, data2: number): Act => ({
  kind: 'midi',
  status,
  data1,
  data2,
});

const realTime = fc
  .constantFrom(0xf6, 0xfa, 0xfb, 0xfb, 0xfc, 0xfc, 0xfe)
  .map((status) => midi(status, 0, 0));

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 80, arbitrary: onChannel(0x90, key, fc.integer({ min: 1, max: 127 })) },
  { weight: 80, arbitrary: onChannel(0x80, key, fc.constantFrom(0, 64, 100)) },
  { weight: 40, arbitrary: onChannel(0xb0, fc.constantFrom(...CONTROLLERS), value) },
  { weight: 10, arbitrary: onChannel(0xb0, fc.constantFrom(...MODES), few) },
  { weight: 40, arbitrary: onChannel(0xb0, fc.constantFrom(...PARAMETERS), few) },
  { weight: 15, arbitrary: onChannel(0xc0, value, zero) },
  { weight: 20, arbitrary: onChannel(0xe0, value, value) },
  { weight: 10, arbitrary: onChannel(0xd0, value, zero) },
  { weight: 10, arbitrary: onChannel(0xa0, key, value) },
  { weight: 15, arbitrary: realTime },
  { weight: 10, arbitrary: below(40).map((count): Act => ({ kind: 'clocks', count })) },
  { weight: 6, arbitrary: fc.tuple(value, below(4)).map(([a, b]) => midi(0xf2, a, b)) },
  { weight: 6, arbitrary: value.map((song) => midi(0xf3, song, 0)) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('tape' as const),
      count: below(20),
      direction: fc.constantFrom(1, 1, 1, -1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('fullFrame' as const), seconds: below(86_400) }),
  },
  {
    weight: 15,
    arbitrary: fc
      .oneof(
        { weight: 8, arbitrary: below(40) },
        { weight: 2, arbitrary: below(700) },
        { weight: 1, arbitrary: below(3_000) },
      )
      .map((length): Act => ({ kind: 'sysEx', length })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Act>(
      { kind: 'reset', data: GM_ON },
      { kind: 'reset', data: DLS_OFF },
      midi(0xff, 0, 0),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('restartPlayer' as const), ending }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('restartListener' as const),
      index: below(3),
      ending,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('outage' as const),
      index: below(3),
      millis: fc.constantFrom(60, 300, 1_500),
    }),
  },
);

const step: fc.Arbitrary<Step> = fc.record({
  wait: fc.oneof(
    { weight: 4, arbitrary: zero },
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 20_000, max: 250_000 }) },
  ),
  act,
});

const path: fc.Arbitrary<PathConditions> = fc.record({
  loss: fc.constantFrom(0, 0, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5),
  burst: fc.constantFrom(1, 1, 2, 4),
  delay: fc.constantFrom(0.5, 20, 80),
  jitter: fc.constantFrom(0, 0, 1, 8),
  duplicates: fc.constantFrom(0, 0, 0.05, 0.3),
  reordered: fc.constantFrom(0, 0, 0.05, 0.2),
  reports: fc.constantFrom(true, true, true, false),
  invites: fc.boolean(),
});

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  conditions: fc.record({
    seed: fc.nat(),
    paths: fc.array(path, { minLength: 1, maxLength: 3 }),
    journal: fc.constantFrom('closed-loop', 'closed-loop', 'open-loop', 'anchor'),
    redundancy: fc.constantFrom(0, 0, 1, 2),
    begin: fc.constantFrom('anywhere', 'sequenceWraps', 'timeWraps'),
  }),
  parts: fc.array(fc.array(step, { minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 2 }),
});

/** Everything that was wrong. `tap` sees each datagram that the listeners get. */
export async function perform(
  { conditions, parts }: Scenario,
  tap: (bytes: Uint8Array) => void = () => undefined,
): Promise<readonly string[]> {
  const stage = await Stage.open(conditions);
  stage.onDatagram = (bytes, { to }) => {
    if (stage.listeners.some(({ address }) => address === to.host)) tap(bytes);
  };
  const hand: Hand = { sysEx: 0, octets: 0, quarterFrame: 4_000 };
  for (const part of parts) {
    let burst: MidiMessage[] = [];
    for (const { wait, act: each } of part) {
      if (wait > 0) {
        stage.play(burst);
        burst = [];
        stage.wait(wait);
      }
      if (each.kind === 'outage') {
        const listener = stage.listeners[each.index % stage.listeners.length];
        if (listener) listener.cutUntil = stage.now + 1_000 * each.millis;
      } else if (each.kind === 'restartPlayer') {
        stage.play(burst);
        burst = [];
        await stage.restartPlayer(each.ending);
      } else if (each.kind === 'restartListener') {
        await stage.restartListener(each.index, each.ending);
      } else {
        if (each.kind === 'reset' && hand.octets > PACED_OCTETS) {
          // Real-time messages overtake SysEx that waits: what resets must not be among it.
          stage.play(burst);
          burst = [];
          stage.wait(PACED);
        }
        burst.push(...messagesOf(each, hand));
      }
    }
    stage.play(burst);
    stage.settle();
    if (stage.wrong.length > 0) break;
  }
  return stage.wrong;
}

/** How far the player has got. */
interface Hand {
  sysEx: number;
  /** Of all of them. */
  octets: number;
  quarterFrame: number;
}

type Music = Exclude<Act, { kind: 'outage' | 'restartPlayer' | 'restartListener' }>;

function messagesOf(act: Music, hand: Hand): MidiMessage[] {
  switch (act.kind) {
    case 'midi':
      return [shortMessage(act.status, act.data1, act.data2) as MidiMessage];
    case 'reset':
      return [{ kind: 'sysEx', data: Uint8Array.from(act.data) }];
    case 'sysEx': {
      const number = hand.sysEx++;
      hand.octets += act.length;
      const data = new Uint8Array(3 + act.length).fill(number & 127, 3);
      data.set([0x7d, number >> 7, number & 127]);
      return [{ kind: 'sysEx', data }];
    }
    case 'clocks':
      return new Array(act.count).fill(shortMessage(0xf8, 0, 0));
    case 'tape':
      return Array.from({ length: act.count }, () => {
        hand.quarterFrame += act.direction;
        return quarterFrame(hand.quarterFrame);
      });
    case 'fullFrame': {
      hand.quarterFrame = act.seconds * 120;
      return [fullFrame(act.seconds)];
    }
  }
}

/** At 30 frames a second; the code that eight quarter frames tell is that at which they begin. */
function quarterFrame(number: number): MidiMessage {
  const piece = ((number % 8) + 8) % 8;
  const frame = Math.max(0, Math.floor(number / 8) * 2);
  const field = [
    frame % 30,
    Math.floor(frame / 30) % 60,
    Math.floor(frame / 1_800) % 60,
    0x60 | (Math.floor(frame / 108_000) % 24),
  ][piece >> 1] as number;
  const nibble = (piece & 1) === 0 ? field & 15 : field >> 4;
  return shortMessage(0xf1, (piece << 4) | nibble, 0) as MidiMessage;
}

function fullFrame(seconds: number): MidiMessage {
  const data = [
    0x7f,
    0x7f,
    1,
    1,
    0x60 | Math.floor(seconds / 3_600),
    Math.floor(seconds / 60) % 60,
    seconds % 60,
    0,
  ];
  return { kind: 'sysEx', data: Uint8Array.from(data) };
}

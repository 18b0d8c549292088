import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JamMode } from '../../runtime/core/ensemble.ts';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { encodeUpdate } from '../../runtime/session/document-update.ts';
import {
  ParticipantsDocument,
  participantsRules,
} from '../../runtime/session/participants-document.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { contents, countFrom, openReplica } from '../document-rig.ts';
import {
  contents as allOf,
  openPeer,
  openPipe,
  type Pipe,
  type PipedPeer,
} from './session-pipes.ts';

const SEED = 20_261_122;
const RUNS = 250;
const MAX_PEERS = 8;

type Act =
  | { readonly kind: 'control'; readonly peer: number; readonly value: number }
  | { readonly kind: 'self'; readonly peer: number; readonly value: number }
  | { readonly kind: 'link'; readonly peer: number; readonly other: number }
  | { readonly kind: 'break'; readonly peer: number; readonly other: number }
  | { readonly kind: 'restart'; readonly peer: number }
  | { readonly kind: 'part'; readonly at: number }
  | { readonly kind: 'heal' }
  | { readonly kind: 'wait'; readonly ms: number };

const place = fc.nat(MAX_PEERS - 1);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('control' as const), peer: place, value: fc.nat(99) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('self' as const), peer: place, value: fc.nat(99) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('link' as const), peer: place, other: place }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('break' as const), peer: place, other: place }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), peer: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('part' as const), at: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heal' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(120) }) },
);

const MODES: readonly JamMode[] = ['auto', 'live', 'tight', 'groove'];

function play(seed: number, count: number, acts: readonly Act[]) {
  const clock = new VirtualClock();
  const randomness = seededRandomness(seed);
  const counters = Array.from({ length: count }, () => countFrom());
  const open = (place: number): PipedPeer => openPeer(clock, place, counters[place] ?? countFrom());
  const peers = Array.from({ length: count }, (_, index) => open(index));
  const pipes = new Map<string, Pipe>();
  const cuts: string[] = [];
  /** Those below it and those from it on can't reach each other. */
  let parting = 0;

  const key = (a: number, b: number): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
  const link = (a: number, b: number): void => {
    const first = peers[a];
    const second = peers[b];
    if (!first || !second || a === b || a < parting !== b < parting) return;
    if (pipes.get(key(a, b))?.broken === false) return;
    pipes.set(key(a, b), openPipe(clock, randomness, [first, second], cuts));
  };
  const breakAll = (wanted: (a: number, b: number) => boolean): void => {
    for (const [name, pipe] of pipes) {
      const [a, b] = name.split(' ').map(Number) as [number, number];
      if (wanted(a, b)) pipe.break();
    }
  };

  const first = peers[0] as PipedPeer;
  first.entered = true;
  first.documents.control.set({ name: 'Basement', mode: 'auto' });
  for (let index = 1; index < count; index++) link(0, index);

  for (const step of acts) {
    switch (step.kind) {
      case 'control': {
        const peer = peers[step.peer];
        if (!peer?.entered) break;
        const bpm = 60 + step.value;
        peer.documents.control.set(
          step.value % 3 === 0
            ? { mode: MODES[step.value % 4] ?? 'auto' }
            : {
                timeline: { origin: step.value as never, bpm, beatsPerBar: 4 },
                song: { start: bpm, position: 0, countIn: 0 },
              },
        );
        break;
      }
      case 'self': {
        const peer = peers[step.peer];
        if (peer?.entered) {
          peer.documents.participants.setSelf({
            name: `N${step.value}`,
            keepsTime: step.value > 50,
          });
        }
        break;
      }
      case 'link':
        link(step.peer, step.other);
        break;
      case 'break':
        breakAll((a, b) => key(a, b) === key(step.peer, step.other));
        break;
      case 'restart': {
        // With documents to find elsewhere, and nothing to say before it has them.
        if (step.peer === 0 || !peers[step.peer]) break;
        breakAll((a, b) => a === step.peer || b === step.peer);
        peers[step.peer] = open(step.peer);
        break;
      }
      case 'part':
        parting = step.at;
        breakAll((a, b) => a < parting !== b < parting);
        break;
      case 'heal':
        parting = 0;
        break;
      case 'wait':
        clock.advance(fromMillis(step.ms));
        break;
    }
  }
  parting = 0;
  for (let a = 0; a < count; a++) for (let b = a + 1; b < count; b++) link(a, b);
  clock.advance(fromSeconds(2));
  return { peers, cuts };
}

test('documents are equal once links are whole again, whatever broke, parted, restarted or was late', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 3, max: MAX_PEERS }),
      fc.array(act, { maxLength: 60, size: 'max' }),
      (seed, count, acts) => {
        const { peers, cuts } = play(seed, count, acts);
        expect(cuts).toEqual([]);
        const [expected, ...others] = peers.map(allOf);
        for (const other of others) expect(other).toEqual(expected);
      },
    ),
    { seed: SEED, numRuns: RUNS },
  );
});

test('updates that come twice and in any order leave equal documents after one exchange of states', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 3, max: MAX_PEERS }),
      fc.array(fc.tuple(place, fc.nat(99)), { maxLength: 40, size: 'max' }),
      (seed, count, writes) => {
        const randomness = seededRandomness(seed);
        const boxes = Array.from({ length: count }, (_, index) => {
          const replica = openReplica(`peer ${index}`, participantsRules, { trusting: true });
          return { ...replica, participants: new ParticipantsDocument(replica.document) };
        });
        const flying: Uint8Array[] = [];
        for (const { document } of boxes) {
          document.onChange((values) => flying.push(encodeUpdate(values), encodeUpdate(values)));
        }
        const faults = new Set<string>();
        for (const [who, value] of writes) {
          boxes[who % count]?.participants.setSelf({ name: `N${value}`, linkPort: value });
          // Some arrive now, out of turn; the others later, or never.
          for (let turn = 0; turn < 3 && flying.length > 0; turn++) {
            const [update] = flying.splice(randomness.uint32() % flying.length, 1);
            const target = boxes[randomness.uint32() % count];
            if (update && target) faults.add(target.gate.admit(update, 'peer'));
          }
        }
        for (const from of boxes) {
          for (const to of boxes) {
            const rest = encodeUpdate(from.document.missingIn(to.document.stateVector()));
            faults.add(to.gate.admit(rest, 'peer'));
          }
        }
        expect([...faults].filter((fault) => fault !== 'applied')).toEqual([]);
        const [expected, ...others] = boxes.map(({ document }) => contents(document));
        for (const other of others) expect(other).toEqual(expected);
      },
    ),
    { seed: SEED, numRuns: RUNS },
  );
});

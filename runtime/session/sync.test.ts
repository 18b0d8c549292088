import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { identityOf } from '../../tests/credentials-rig.ts';
import { boxOf, openReplica, signedAs } from '../../tests/document-rig.ts';
import type { BoxId } from '../core/ensemble.ts';
import { fromMillis, fromSeconds } from '../core/time.ts';
import { ControlDocument, controlRules } from './control-document.ts';
import { encodeUpdate } from './document-update.ts';
import { openDocumentSync, type SyncInit } from './sync.ts';
import { MAX_UPDATE, type SyncLink } from './sync-peer.ts';

const ANN = identityOf('ann');
const BEN = identityOf('ben');

function openRig(init: Pick<SyncInit, 'reaches'> = {}) {
  const clock = new VirtualClock();
  const { document, gate } = openReplica('ann', controlRules, { prefix: 'control/' });
  const control = new ControlDocument(document);
  const sync = openDocumentSync({ clock }, { document, gate, channel: 1, ...init });
  const attach = (box: BoxId = BEN.box) => {
    const sent: Uint8Array[] = [];
    const cuts: string[] = [];
    const link: SyncLink = {
      peer: { box },
      send(_channel, frame) {
        sent.push(frame);
        return true;
      },
      cut: (reason) => cuts.push(reason),
    };
    return { peer: sync.attach(link), sent, cuts };
  };
  return { clock, control, sync, attach };
}
/** What Ben says under that key. */
const byBen = (key: string, value: unknown, count = 0): Uint8Array =>
  encodeUpdate([signedAs(BEN, { root: `control/${BEN.box}`, key, value: [count, value], count })]);

const STEP_1 = Uint8Array.of(0, 1, 0);
const frameOf = (kind: number, body: Uint8Array): Uint8Array => {
  const length = [];
  for (let rest = body.length; ; rest >>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Uint8Array.of(kind, ...length, ...body);
};

test('changes go to a peer only once it was told the state they build on', () => {
  const { clock, control, attach } = openRig();
  const { peer, sent } = attach();
  expect(sent).toEqual([STEP_1]);
  control.set({ name: 'Basement' });
  clock.advance(fromMillis(100));
  expect(sent).toHaveLength(1);
  peer.receive(STEP_1);
  expect(sent[1]?.[0]).toBe(1);
  control.set({ mode: 'live' });
  clock.advance(fromMillis(100));
  expect(sent[2]?.[0]).toBe(2);
  expect(sent).toHaveLength(3);
});

test('many changes at once are one frame, and at most fifty frames a second', () => {
  const { clock, control, attach } = openRig();
  const { peer, sent } = attach();
  peer.receive(STEP_1);
  for (let change = 0; change < 1_000; change++) {
    control.set({ mode: change % 2 === 0 ? 'live' : 'auto' });
    clock.advance(fromMillis(1));
  }
  expect(sent.length - 2).toBeGreaterThan(40);
  expect(sent.length - 2).toBeLessThanOrEqual(51);
});

test.each<[string, Uint8Array, string]>([
  ['no message', new Uint8Array(0), 'malformed'],
  ['an unknown kind', Uint8Array.of(9, 0), 'malformed'],
  ['octets after the message', Uint8Array.of(...STEP_1, 1), 'malformed'],
  ['a length beyond the frame', Uint8Array.of(2, 200, 1, 0), 'malformed'],
  ['a state vector that ends early', frameOf(0, Uint8Array.of(5)), 'malformed'],
  ['an update that is none', frameOf(2, Uint8Array.of(1, 2, 3)), 'malformed'],
  ['an update too long', frameOf(2, new Uint8Array(MAX_UPDATE + 1)), 'oversize'],
])('%s cuts the link off, once', (_name, frame, reason) => {
  const { attach } = openRig();
  const { peer, cuts } = attach();
  peer.receive(frame);
  peer.receive(frame);
  expect(cuts).toEqual([reason]);
});

test('a flood of updates, of questions, or of octets cuts the link off', () => {
  const empty = frameOf(2, encodeUpdate([]));
  for (const [frame, allowed] of [
    [empty, 400],
    [STEP_1, 16],
  ] as const) {
    const { peer, cuts } = openRig().attach();
    for (let count = 0; count < allowed; count++) peer.receive(frame);
    expect(cuts).toEqual([]);
    for (let count = 0; count < allowed; count++) peer.receive(frame);
    expect(cuts).toEqual(['rate']);
  }
});

test('a document that somebody has filled with made-up boxes is taken in bit by bit, honest words first', () => {
  const { attach, clock, control } = openRig();
  control.set({ mode: 'live' });
  const boxes = Array.from({ length: 60 }, () => boxOf('nobody'));
  for (let index = 0; index < 250; index++) {
    const made = identityOf(`made up ${index}`);
    const root = `control/${made.box}`;
    const values = ['muted', 'removed'].map((key, count) =>
      signedAs(made, { root, key, value: [count, boxes], count }),
    );
    const line = attach(made.box);
    line.peer.receive(frameOf(2, encodeUpdate(values)));
    expect(line.cuts).toEqual([]);
    line.peer[Symbol.dispose]();
  }
  const total = control.document.encode().length;
  expect(total).toBeGreaterThan(1_048_576);
  const far = openReplica('zoe', controlRules, { prefix: 'control/' });
  const cuts: string[] = [];
  const link = { peer: { box: ANN.box }, send: () => true, cut: (why: string) => cuts.push(why) };
  const atFar = openDocumentSync({ clock }, { ...far, channel: 1 }).attach(link);
  const { peer, sent } = attach(far.box);
  peer.receive(STEP_1);
  let seen = 1;
  const hear = (): void => {
    while (seen < sent.length) atFar.receive(sent[seen++] ?? STEP_1);
  };
  hear();
  expect(atFar.synced).toBe(true);
  expect(far.document.at(`control/${ANN.box}`, 'mode')).toBeDefined();
  for (let second = 0; second < 120; second++) {
    clock.advance(fromSeconds(1));
    hear();
  }
  expect(cuts).toEqual([]);
  expect(far.document.encode()).toEqual(control.document.encode());
});

test('a new link does not give a peer more to send', () => {
  const { attach } = openRig();
  const empty = frameOf(2, encodeUpdate([]));
  const first = attach();
  for (let count = 0; count < 400; count++) first.peer.receive(empty);
  first.peer[Symbol.dispose]();
  const { peer, cuts } = attach();
  peer.receive(empty);
  expect([first.cuts, cuts]).toEqual([[], ['rate']]);
});

test('what others flood with is passed on no faster than a peer takes it, and all the same arrives', () => {
  const { attach, clock, control, sync } = openRig();
  const far = openReplica('zoe', controlRules, { prefix: 'control/' });
  const sink = { peer: { box: ANN.box }, send: () => true, cut: (why: string) => cut.push(why) };
  const cut: string[] = [];
  const atFar = openDocumentSync({ clock }, { ...far, channel: 1 }).attach(sink);
  const { peer, sent } = attach(far.box);
  peer.receive(STEP_1);
  atFar.receive(sent[1] ?? STEP_1);
  // Nine boxes at once, each as much as one may.
  const crowd = Array.from({ length: 9 }, (_, index) => identityOf(`loud ${index}`));
  const lines = crowd.map(({ box }) => attach(box).peer);
  const boxes = Array.from({ length: 60 }, () => boxOf('nobody'));
  let seen = sent.length;
  for (let turn = 0; turn < 120; turn++) {
    for (const [index, { box }] of crowd.entries()) {
      const key = turn % 2 === 0 ? 'muted' : 'removed';
      const root = `control/${box}`;
      const identity = crowd[index] ?? BEN;
      const value = [turn, [...boxes.slice(1), box]];
      const update = encodeUpdate([signedAs(identity, { root, key, value, count: turn })]);
      lines[index]?.receive(frameOf(2, update));
    }
    control.set({ mode: turn % 2 === 0 ? 'live' : 'auto' });
    clock.advance(fromMillis(80));
    while (seen < sent.length) atFar.receive(sent[seen++] ?? STEP_1);
  }
  expect(cut).toEqual([]);
  expect(far.document.at(`control/${ANN.box}`, 'mode')).toEqual(
    control.document.at(`control/${ANN.box}`, 'mode'),
  );
  clock.advance(fromSeconds(60));
  while (seen < sent.length) atFar.receive(sent[seen++] ?? STEP_1);
  expect(far.document.encode()).toEqual(control.document.encode());
  sync[Symbol.dispose]();
});

test('what was lost with a link is asked for elsewhere, and one peer in turn is asked always', () => {
  const { attach, clock } = openRig();
  const [one, two] = [attach(), attach(boxOf('carl'))];
  clock.advance(fromSeconds(1));
  expect([one.sent.length, two.sent.length]).toEqual([1, 1]);
  one.peer[Symbol.dispose]();
  clock.advance(fromSeconds(1));
  expect(two.sent).toEqual([STEP_1, STEP_1]);
  clock.advance(fromSeconds(30));
  expect(two.sent.length).toBe(5);
  expect(one.sent.length).toBe(1);
});

test('a change is passed on to those who do not hear of it without us', () => {
  const dora = boxOf('dora');
  const { attach, clock } = openRig({
    reaches: (peer, author) => peer === dora && author === BEN.box,
  });
  const [from, carl, other] = [attach(), attach(boxOf('carl')), attach(dora)];
  for (const { peer } of [from, carl, other]) peer.receive(STEP_1);
  from.peer.receive(frameOf(2, byBen('mode', 'live')));
  clock.advance(fromMillis(100));
  expect([from, carl, other].map(({ sent }) => sent.length - 2)).toEqual([0, 1, 0]);
});

test('what is too much for one frame is sent in several, and all of it arrives', () => {
  const clock = new VirtualClock();
  const rules = { maxRoots: 64, isKey: () => true, isValue: () => true };
  const [from, to] = ['ann', 'ben'].map((name) => openReplica(name, rules)) as [
    ReturnType<typeof openReplica>,
    ReturnType<typeof openReplica>,
  ];
  for (let key = 0; key < 30; key++) {
    from.document.set({ [`k${key}`]: Array.from({ length: 10 }, () => `${key}`.repeat(400)) });
  }
  const frames: Uint8Array[] = [];
  const link = {
    peer: { box: BEN.box },
    send: (_channel: number, frame: Uint8Array) => frames.push(frame) > 0,
    cut: () => {},
  };
  const sync = openDocumentSync({ clock }, { ...from, channel: 1 });
  const far = openDocumentSync({ clock }, { ...to, channel: 1 }).attach({
    ...link,
    send: () => true,
  });
  sync.attach(link).receive(STEP_1);
  for (const frame of frames) {
    expect(frame.length).toBeLessThanOrEqual(MAX_UPDATE + 8);
    far.receive(frame);
  }
  expect(frames.length).toBeGreaterThan(3);
  expect(far.synced).toBe(true);
  expect(to.document.keysOf(ANN.box)).toBe(30);
});

test('more signatures to verify than a peer may ask for cut it off', () => {
  const { attach, clock } = openRig();
  const { peer, cuts } = attach();
  let count = 0;
  for (let turn = 0; turn < 60; turn++) {
    // New every time, and each to be verified.
    const values = Array.from({ length: 30 }, (_, key) => {
      const value = [count, 'x'];
      return signedAs(BEN, { root: `control/${BEN.box}`, key: `k${key}`, value, count: count++ });
    });
    peer.receive(frameOf(2, encodeUpdate(values)));
    if (turn % 10 === 9) clock.advance(fromSeconds(1));
  }
  expect(cuts).toEqual([]);
  for (let turn = 0; turn < 300 && cuts.length === 0; turn++) {
    const values = Array.from({ length: 30 }, (_, key) => {
      const value = [count, 'x'];
      return signedAs(BEN, { root: `control/${BEN.box}`, key: `k${key}`, value, count: count++ });
    });
    peer.receive(frameOf(2, encodeUpdate(values)));
  }
  expect(cuts).toEqual(['rate']);
});

test('ten thousand random frames never throw', () => {
  const { attach, clock, control } = openRig();
  control.set({ name: 'Basement' });
  let far = attach();
  const body = fc.uint8Array({ maxLength: 80 });
  const frame = fc.oneof(
    fc.tuple(fc.nat(3), body).map(([kind, bytes]) => frameOf(kind, bytes)),
    body,
  );
  fc.assert(
    fc.property(frame, (bytes) => {
      far.peer.receive(bytes);
      if (far.cuts.length > 0) far = attach();
      clock.advance(fromSeconds(1));
    }),
    { seed: 3, numRuns: 10_000 },
  );
  expect(control.state.name).toBe('Basement');
}, 60_000);

import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { BoxId } from '../core/ensemble.ts';
import { fromMillis, fromSeconds } from '../core/time.ts';
import { drawClientId } from './client-id.ts';
import { ControlDocument, controlRules } from './control-document.ts';
import { openDocumentGate } from './document-gate.ts';
import { MAX_UPDATE, openDocumentSync, type SyncLink } from './sync.ts';

const A = 'a1'.repeat(16) as BoxId;

function openRig() {
  const clock = new VirtualClock();
  const random = seededRandomness('sync');
  const draw = (): number => drawClientId(A, random);
  const control = new ControlDocument(draw());
  const gate = openDocumentGate(control.doc, { rules: controlRules, drawClientId: draw });
  const sync = openDocumentSync({ clock }, { doc: control.doc, gate, channel: 1 });
  const attach = () => {
    const sent: Uint8Array[] = [];
    const cuts: string[] = [];
    const link: SyncLink = {
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
    control.set({ playing: change % 2 === 0 });
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
  const empty = frameOf(2, Y.encodeStateAsUpdate(new Y.Doc()));
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

test('what is missing is asked for again', () => {
  const { attach, control } = openRig();
  const { peer, sent, cuts } = attach();
  const far = new Y.Doc();
  far.getMap('control').set('mode', 'live');
  const between = Y.encodeStateVector(far);
  far.getMap('control').set('mode', 'tight');
  peer.receive(frameOf(2, Y.encodeStateAsUpdate(far, between)));
  expect(sent).toEqual([STEP_1, STEP_1]);
  peer.receive(frameOf(1, Y.encodeStateAsUpdate(far)));
  expect(control.state.mode).toBe('tight');
  expect(peer.synced).toBe(true);
  expect(cuts).toEqual([]);
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

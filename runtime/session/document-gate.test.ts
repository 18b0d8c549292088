import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import type { BoxId } from '../core/ensemble.ts';
import { drawClientId } from './client-id.ts';
import { controlRules } from './control-document.ts';
import { openDocumentGate } from './document-gate.ts';
import { participantsRules } from './participants-document.ts';
import type { DocumentRules } from './update-rules.ts';

const A = 'a1'.repeat(16) as BoxId;
const B = 'b2'.repeat(16) as BoxId;
const random = seededRandomness('gate');

function openRig(rules: DocumentRules, self: BoxId = A) {
  const doc = new Y.Doc();
  const draw = (): number => drawClientId(self, random);
  doc.clientID = draw();
  const gate = openDocumentGate(doc, { rules, drawClientId: draw });
  return { doc, gate };
}

/** An update that makes those changes to a document with the given state. */
function updateBy(box: BoxId, change: (doc: Y.Doc) => void, base?: Y.Doc): Uint8Array {
  const doc = new Y.Doc();
  if (base) Y.applyUpdate(doc, Y.encodeStateAsUpdate(base));
  doc.clientID = drawClientId(box, random);
  const before = Y.encodeStateVector(doc);
  change(doc);
  return Y.encodeStateAsUpdate(doc, before);
}

const all = (doc: Y.Doc): string =>
  JSON.stringify([...doc.share.keys()].map((name) => [name, doc.getMap(name).toJSON()]));

test('a box changes its own entry', () => {
  const { doc, gate } = openRig(participantsRules);
  const update = updateBy(B, (peer) => peer.getMap(B).set('name', 'Ben'));
  expect(gate.admit(update, 'link')).toBe('applied');
  expect(doc.getMap(B).get('name')).toBe('Ben');
});

test.each<[string, DocumentRules, (doc: Y.Doc) => void, string]>([
  [
    'the entry of another box',
    participantsRules,
    (doc) => doc.getMap(A).set('name', 'x'),
    'author',
  ],
  ['a root that is no box', participantsRules, (doc) => doc.getMap('x').set('name', 'x'), 'root'],
  ['a key out of the ordinary', participantsRules, (doc) => doc.getMap(B).set('a b', 1), 'key'],
  ['the prototype', participantsRules, (doc) => doc.getMap(B).set('__proto__', 1), 'key'],
  ['a nested map', participantsRules, (doc) => doc.getMap(B).set('name', new Y.Map()), 'shape'],
  ['a list', controlRules, (doc) => doc.getArray('control').push([1]), 'key'],
  ['text', controlRules, (doc) => doc.getText('control').insert(0, 'x'), 'shape'],
  ['octets', controlRules, (doc) => doc.getMap('control').set('name', new Uint8Array(4)), 'shape'],
  [
    'octets in a value',
    controlRules,
    (doc) => doc.getMap('control').set('name', [new Uint8Array(4)]),
    'value',
  ],
  ['a subdocument', controlRules, (doc) => doc.getMap('control').set('name', new Y.Doc()), 'shape'],
  [
    'long text',
    controlRules,
    (doc) => doc.getMap('control').set('name', 'x'.repeat(2_000)),
    'value',
  ],
  ['deep values', controlRules, (doc) => doc.getMap('control').set('name', [[[[['x']]]]]), 'value'],
  [
    'large values',
    controlRules,
    (doc) =>
      doc.getMap('control').set(
        'name',
        Array.from({ length: 600 }, () => 0),
      ),
    'value',
  ],
  [
    'too many keys',
    controlRules,
    (doc) => {
      for (let key = 0; key < 65; key++) doc.getMap('control').set(`k${key}`, 0);
    },
    'key',
  ],
  [
    'a key that is gone again',
    controlRules,
    (doc) => {
      doc.getMap('control').set('name', 'x');
      doc.getMap('control').delete('name');
    },
    'erased',
  ],
])('%s is refused, and the document stays as it was', (_name, rules, change, fault) => {
  const { doc, gate } = openRig(rules);
  if (rules === controlRules) doc.getMap('control').set('mode', 'live');
  else doc.getMap(A).set('name', 'Ann');
  const before = all(doc);
  expect(gate.admit(updateBy(B, change), 'link')).toBe(fault);
  expect(all(doc)).toBe(before);
  // And what is right is still taken.
  const right = (peer: Y.Doc): void => {
    if (rules === controlRules) peer.getMap('control').set('mode', 'groove');
    else peer.getMap(B).set('name', 'Ben');
  };
  expect(gate.admit(updateBy(B, right), 'link')).toBe('applied');
});

test('a change that hides its place behind its neighbour is refused as well', () => {
  const { doc, gate } = openRig(participantsRules);
  doc.getMap(A).set('name', 'Ann');
  const update = updateBy(B, (peer) => peer.getMap(A).set('name', 'Anton'), doc);
  expect(gate.admit(update, 'link')).toBe('author');
  expect(doc.getMap(A).get('name')).toBe('Ann');
});

test('nobody removes what another box has said', () => {
  const { doc, gate } = openRig(participantsRules);
  doc.getMap(A).set('name', 'Ann');
  const update = updateBy(B, (peer) => peer.getMap(A).delete('name'), doc);
  expect(gate.admit(update, 'link')).toBe('erased');
  expect(doc.getMap(A).get('name')).toBe('Ann');
});

test('what builds on something that is missing is dropped as incomplete', () => {
  const { doc, gate } = openRig(participantsRules);
  const peer = new Y.Doc();
  peer.clientID = drawClientId(B, random);
  peer.getMap(B).set('name', 'Ben');
  const between = Y.encodeStateVector(peer);
  peer.getMap(B).set('name', 'Bo');
  expect(gate.admit(Y.encodeStateAsUpdate(peer, between), 'link')).toBe('incomplete');
  expect(doc.store.pendingStructs).toBeNull();
  expect(gate.admit(Y.encodeStateAsUpdate(peer), 'link')).toBe('applied');
  expect(doc.getMap(B).get('name')).toBe('Bo');
});

test('changes that bear this box’s own client id make it draw another, and stay', () => {
  const { doc, gate } = openRig(participantsRules);
  const { clientID } = doc;
  const twin = new Y.Doc();
  twin.clientID = clientID;
  twin.getMap(A).set('name', 'before the restart');
  expect(gate.admit(Y.encodeStateAsUpdate(twin), 'link')).toBe('applied');
  expect(doc.clientID).not.toBe(clientID);
  doc.getMap(A).set('instrument', 'keys');
  const other = openRig(participantsRules, B);
  expect(other.gate.admit(Y.encodeStateAsUpdate(doc), 'link')).toBe('applied');
  expect(other.doc.getMap(A).toJSON()).toEqual({ name: 'before the restart', instrument: 'keys' });
});

test('local changes are known to the gate', () => {
  const { doc, gate } = openRig(controlRules);
  doc.getMap('control').set('mode', 'live');
  const update = updateBy(B, (peer) => peer.getMap('control').set('mode', 'tight'), doc);
  doc.getMap('control').set('playing', true);
  expect(gate.admit(update, 'link')).toBe('applied');
  expect(doc.getMap('control').toJSON()).toEqual({ mode: 'tight', playing: true });
});

test('numbers that ask for memory get none', () => {
  const { gate } = openRig(controlRules);
  // One client with 2^25 structs, of which none follows.
  expect(gate.admit(Uint8Array.of(1, 0x80, 0x80, 0x80, 0x10, 1, 0), 'link')).toBe('malformed');
  const before = process.memoryUsage().rss;
  for (let turn = 0; turn < 50; turn++) {
    gate.admit(Uint8Array.of(1, 0x80, 0x80, 0x80, 0x10, 1, 0), 'link');
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
});

test('arbitrary and damaged updates never throw, and never change what is not theirs', () => {
  const { doc, gate } = openRig(participantsRules);
  doc.getMap(A).set('name', 'Ann');
  const sound = updateBy(B, (peer) => {
    peer.getMap(B).set('name', 'Ben');
    peer.getMap(B).set('stats', { [A]: [1, 2, 0.5, 3] });
  });
  const damaged = fc
    .array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => {
      const bytes = sound.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 120 })), (bytes) => {
      gate.admit(bytes, 'link');
      expect(doc.getMap(A).toJSON()).toEqual({ name: 'Ann' });
    }),
    { seed: 7, numRuns: 10_000 },
  );
}, 60_000);

import fc from 'fast-check';
import * as encoding from 'lib0/encoding';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { identityOf } from '../../tests/credentials-rig.ts';
import { boxOf, contents, openReplica, SESSION, signedAs } from '../../tests/document-rig.ts';
import type { SessionId } from '../core/ensemble.ts';
import { signValue } from '../privacy/signed-value.ts';
import { clientIdOf } from './client-id.ts';
import { controlRules } from './control-document.ts';
import { type DocumentValue, encodeUpdate } from './document-update.ts';
import { participantsRules } from './participants-document.ts';

const ANN = identityOf('ann');
const BEN = identityOf('ben');
const PROFILE = { name: 'Ben', instrument: '', role: null, roleByHand: false, joined: 0 };

/** Ann's replica, in which Ann has said something. */
function openRig() {
  const replica = openReplica('ann', participantsRules);
  replica.document.set({ profile: { ...PROFILE, name: 'Ann' } });
  return replica;
}
const ofBen = (change: Partial<DocumentValue> = {}): DocumentValue =>
  signedAs(BEN, { key: 'profile', value: PROFILE }, change);
/** As Yjs itself would write it. */
const byYjs = (clientId: number, change: (doc: Y.Doc) => void, onto?: Y.Doc): Uint8Array => {
  const doc = new Y.Doc();
  if (onto) Y.applyUpdate(doc, Y.encodeStateAsUpdate(onto));
  const had = Y.encodeStateVector(doc);
  doc.clientID = clientId;
  change(doc);
  return Y.encodeStateAsUpdate(doc, had);
};

test('what a box has signed for its own map is let in, whoever brings it', () => {
  const { document, gate } = openRig();
  expect(gate.admit(encodeUpdate([ofBen()]), 'link')).toBe('applied');
  expect(document.valuesOf(BEN.box)).toEqual({ profile: PROFILE });
});

test('Yjs itself reads our updates, and writes what we read', () => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, encodeUpdate([ofBen(), signedAs(ANN, { key: 'profile', value: PROFILE })]));
  const { document, gate } = openReplica('carl', participantsRules);
  expect(gate.admit(Y.encodeStateAsUpdate(doc), 'link')).toBe('applied');
  expect(document.boxes).toEqual([ANN.box, BEN.box].sort());
  expect(Y.decodeStateVector(document.stateVector())).toEqual(
    Y.decodeStateVector(Y.encodeStateVector(doc)),
  );
});

const wrong: readonly [string, string, () => Uint8Array][] = [
  ['no update', 'malformed', () => Uint8Array.of(1, 2, 3)],
  ['a root that is no box', 'root', () => encodeUpdate([ofBen({ root: 'x' })])],
  ['a key out of the ordinary', 'key', () => encodeUpdate([ofBen({ key: 'a b' })])],
  ['the prototype', 'key', () => encodeUpdate([ofBen({ key: '__proto__' })])],
  ['a value in another’s map', 'author', () => encodeUpdate([ofBen({ root: ANN.box })])],
  [
    'a value in another’s map, under that one’s client id',
    'signature',
    () => encodeUpdate([ofBen({ root: ANN.box, client: clientIdOf(ANN.box, 9) })]),
  ],
  [
    'a value signed by another one for that map',
    'signature',
    () => {
      const client = clientIdOf(ANN.box, 9);
      const place = { session: SESSION, root: ANN.box, key: 'profile', client, clock: 0 };
      const stored = signValue(BEN, { ...place, origin: undefined }, PROFILE);
      return encodeUpdate([{ client, root: ANN.box, key: 'profile', stored }]);
    },
  ],
  ['a value moved to another key', 'signature', () => encodeUpdate([ofBen({ key: 'place' })])],
  [
    'a value written again as a later one',
    'signature',
    () => encodeUpdate([ofBen({ client: clientIdOf(BEN.box, 7) })]),
  ],
  [
    'a value of another session',
    'signature',
    () => {
      const session = '77'.repeat(16) as SessionId;
      return encodeUpdate([signedAs(BEN, { key: 'profile', value: PROFILE, session })]);
    },
  ],
  [
    'a value of another document',
    'signature',
    () => {
      const root = `control/${BEN.box}`;
      return encodeUpdate([
        signedAs(BEN, { key: 'profile', value: PROFILE, root }, { root: BEN.box }),
      ]);
    },
  ],
  [
    'a changed value',
    'signature',
    () => {
      const [, key, signature] = ofBen().stored as [unknown, string, string];
      return encodeUpdate([ofBen({ stored: [{ ...PROFILE, name: 'Bo' }, key, signature] })]);
    },
  ],
  ['a value without signature', 'signature', () => encodeUpdate([ofBen({ stored: PROFILE })])],
  ['a number that is none', 'value', () => encodeUpdate([ofBen({ stored: [Number.NaN] })])],
  ['octets', 'value', () => encodeUpdate([ofBen({ stored: new Uint8Array(4) })])],
  ['long text', 'value', () => encodeUpdate([ofBen({ stored: ['x'.repeat(2_000)] })])],
  ['deep values', 'value', () => encodeUpdate([ofBen({ stored: [[[[[[[['x']]]]]]]] })])],
  [
    'large values',
    'value',
    () => encodeUpdate([ofBen({ stored: Array.from({ length: 900 }, () => 0) })]),
  ],
  [
    'a value of more than 16 KiB',
    'value',
    () => encodeUpdate([ofBen({ stored: Array.from({ length: 20 }, () => 'x'.repeat(1_000)) })]),
  ],
  [
    'a value against the schema',
    'value',
    () => encodeUpdate([signedAs(BEN, { key: 'profile', value: { ...PROFILE, role: 'king' } })]),
  ],
  [
    'a value twice',
    'shape',
    () => encodeUpdate([ofBen(), ofBen({ client: clientIdOf(BEN.box, 1) })]),
  ],
  [
    'a nested map',
    'shape',
    () => byYjs(clientIdOf(BEN.box, 1), (doc) => doc.getMap(BEN.box).set('profile', new Y.Map())),
  ],
  ['a list', 'key', () => byYjs(clientIdOf(BEN.box, 1), (doc) => doc.getArray(BEN.box).push([1]))],
  [
    'text',
    'key',
    () => byYjs(clientIdOf(BEN.box, 1), (doc) => doc.getText(BEN.box).insert(0, 'x')),
  ],
  [
    'a subdocument',
    'shape',
    () => byYjs(clientIdOf(BEN.box, 1), (doc) => doc.getMap(BEN.box).set('profile', new Y.Doc())),
  ],
  [
    'a value that stands after another one',
    'shape',
    () => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, encodeUpdate([ofBen()]));
      return byYjs(clientIdOf(BEN.box, 1), (next) => next.getMap(BEN.box).set('profile', 1), doc);
    },
  ],
  [
    'a removal',
    'shape',
    () => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, encodeUpdate([signedAs(ANN, { key: 'profile', value: PROFILE })]));
      return byYjs(clientIdOf(BEN.box, 1), (next) => next.getMap(ANN.box).delete('profile'), doc);
    },
  ],
  [
    'what is left of a value that was removed',
    'shape',
    () => {
      const doc = new Y.Doc();
      doc.clientID = clientIdOf(BEN.box, 1);
      doc.getMap(BEN.box).set('profile', 1);
      doc.getMap(BEN.box).delete('profile');
      return Y.encodeStateAsUpdate(doc);
    },
  ],
  [
    'a gap in the clock',
    'shape',
    () => {
      const doc = new Y.Doc();
      doc.clientID = clientIdOf(BEN.box, 1);
      doc.getMap(BEN.box).set('profile', 1);
      const between = Y.encodeStateVector(doc);
      doc.getMap(BEN.box).set('place', 1);
      return Y.encodeStateAsUpdate(doc, between);
    },
  ],
  [
    'a client id beyond all others',
    'author',
    () => encodeUpdate([ofBen({ client: Number.MAX_SAFE_INTEGER })]),
  ],
];

test.each(wrong)('%s is refused as %s, and the document stays as it was', (_name, fault, make) => {
  const { document, gate } = openRig();
  const before = contents(document);
  expect(gate.admit(make(), 'link')).toBe(fault);
  expect(contents(document)).toEqual(before);
  // And what is right is still taken.
  expect(gate.admit(encodeUpdate([ofBen()]), 'link')).toBe('applied');
});

test('of an update with something wrong in it, nothing is applied', () => {
  for (const [, fault, make] of wrong) {
    const { document, gate } = openRig();
    const before = contents(document);
    const sound = signedAs(identityOf('carl'), { key: 'profile', value: PROFILE });
    const parts = [encodeUpdate([sound]), make()];
    let mixed: Uint8Array;
    try {
      mixed = Y.mergeUpdates(parts);
    } catch {
      // Of what is no update, none can be made.
      continue;
    }
    expect(gate.admit(mixed, 'link')).toBe(fault);
    expect(contents(document)).toEqual(before);
  }
});

test('an older value never takes the place of a newer one, however often it is sent again', () => {
  const { document, gate } = openRig();
  const older = encodeUpdate([ofBen()]);
  const newer = signedAs(BEN, { key: 'profile', value: { ...PROFILE, name: 'Bo' }, count: 5 });
  gate.admit(older, 'link');
  gate.admit(encodeUpdate([newer]), 'link');
  let changes = 0;
  document.onChange(() => changes++);
  for (let turn = 0; turn < 100; turn++) expect(gate.admit(older, 'link')).toBe('applied');
  expect(document.valuesOf(BEN.box)['profile']).toMatchObject({ name: 'Bo' });
  expect(changes).toBe(0);
});

test('a later start wins over an earlier one, whatever arrives first', () => {
  const first = openReplica('ben', participantsRules, { from: 100 });
  const second = openReplica('ben', participantsRules, { from: 1_000 });
  first.document.set({ profile: { ...PROFILE, name: 'before' } });
  second.document.set({ profile: { ...PROFILE, name: 'after' } });
  const [before, after] = [first.document.encode(), second.document.encode()];
  for (const order of [
    [before, after],
    [after, before],
  ]) {
    // And by Yjs alone, without a gate that passes over what is old.
    const bare = new Y.Doc();
    const { document, gate } = openRig();
    for (const update of order) {
      expect(gate.admit(update, 'link')).toBe('applied');
      Y.applyUpdate(bare, update);
    }
    expect(document.valuesOf(BEN.box)['profile']).toMatchObject({ name: 'after' });
    const [value] = bare.getMap(BEN.box).get('profile') as [{ readonly name: string }];
    expect(value.name).toBe('after');
  }
});

test('a box that meets what it said in a former life says anew what is true now', () => {
  const former = openReplica('ben', participantsRules, { from: 5_000 });
  former.document.set({ profile: { ...PROFILE, name: 'before' } });
  const { document, gate } = openReplica('ben', participantsRules);
  document.set({ profile: { ...PROFILE, name: 'now' } });
  gate.admit(former.document.encode(), 'link');
  document.reassert();
  const other = openRig();
  other.gate.admit(former.document.encode(), 'link');
  expect(other.gate.admit(document.encode(), 'link')).toBe('applied');
  expect(other.document.valuesOf(BEN.box)['profile']).toMatchObject({ name: 'now' });
});

test('who tells two boxes different things under one client id does not part them', () => {
  const lies = ['Bo', 'Bob'].map((name) =>
    encodeUpdate([signedAs(BEN, { key: 'profile', value: { ...PROFILE, name } })]),
  ) as [Uint8Array, Uint8Array];
  const [a, b] = [openRig(), openReplica('carl', participantsRules)];
  a.gate.admit(lies[0], 'link');
  b.gate.admit(lies[1], 'link');
  // Each passes on what it has.
  a.gate.admit(b.document.encode(), 'link');
  b.gate.admit(a.document.encode(), 'link');
  a.gate.admit(b.document.encode(), 'link');
  expect(contents(b.document)).toEqual(contents(a.document));
});

test('keys that this version doesn’t know are passed over, whatever an object knows by that name', () => {
  const { document, gate } = openRig();
  const names = ['k', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'];
  for (const key of names) {
    const update = encodeUpdate([ofBen(), signedAs(BEN, { key, value: 1, count: 1 })]);
    expect(gate.admit(update, 'link')).toBe('applied');
  }
  expect(document.valuesOf(BEN.box)).toEqual({ profile: PROFILE });
});

test('whoever brings one box too many is not to blame, and does not bring it again', () => {
  const { document, gate } = openRig();
  const crowd = Array.from({ length: 257 }, (_, index) =>
    signedAs(identityOf(`fan ${index}`), { key: 'profile', value: PROFILE }),
  );
  const far = openReplica('carl', { ...participantsRules, maxRoots: 300 });
  for (let at = 0; at < crowd.length; at += 64) {
    const update = encodeUpdate(crowd.slice(at, at + 64));
    expect(gate.admit(update, 'link')).toBe('applied');
    expect(far.gate.admit(update, 'link')).toBe('applied');
  }
  expect(document.boxes).toHaveLength(256);
  expect(far.document.missingIn(document.stateVector())).toEqual([]);
});

test('a box whose id begins like that of another one can’t use the other’s client ids first', () => {
  const { document, gate } = openRig();
  const before = contents(document);
  const twin = `${ANN.box.slice(0, 7)}${BEN.box.slice(7)}`;
  const client = clientIdOf(ANN.box, 77);
  expect(gate.admit(encodeUpdate([ofBen({ root: twin, client })]), 'link')).toBe('applied');
  expect(contents(document)).toEqual(before);
  expect(Y.decodeStateVector(document.stateVector()).has(client)).toBe(false);
});

test('to take back what was said costs so much that nobody can do it time and again', () => {
  const { gate } = openRig();
  const lies = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) =>
    encodeUpdate([signedAs(BEN, { key: 'profile', value: { ...PROFILE, name } })]),
  );
  let verified = 0;
  const mayVerify = (): boolean => ++verified > 0;
  for (const lie of lies.reverse()) expect(gate.admit(lie, 'link', mayVerify)).toBe('applied');
  expect(verified).toBeGreaterThan(100);
});

test('no more is verified than is allowed, and what is no news is not verified', () => {
  const { gate } = openRig();
  let left = 1;
  const mayVerify = (): boolean => left-- > 0;
  const stats = signedAs(BEN, { key: 'stats', value: { stats: {} }, count: 1 });
  const both = encodeUpdate([ofBen(), stats]);
  expect(gate.admit(both, 'link', mayVerify)).toBe('rate');
  expect(gate.admit(both, 'link')).toBe('applied');
  expect(gate.admit(both, 'link', () => false)).toBe('applied');
});

test('numbers that ask for memory get none', () => {
  const { gate } = openReplica('ann', controlRules, { prefix: 'control/' });
  // One client with 2^25 structs, of which none follows.
  const greedy = Uint8Array.of(1, 0x80, 0x80, 0x80, 0x10, 1, 0);
  const before = process.memoryUsage().rss;
  for (let turn = 0; turn < 50; turn++) expect(gate.admit(greedy, 'link')).toBe('malformed');
  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
});

test('arbitrary and damaged updates never throw, and change nothing', () => {
  const { document, gate } = openRig();
  const before = contents(document);
  const stats = { [ANN.box]: [1, null, 0.5, 3] };
  const values = [ofBen(), signedAs(BEN, { key: 'stats', value: { stats }, count: 1 })] as const;
  const sound = encodeUpdate(values);
  const right = [[], [values[0]], [values[1]], values].map((some) => {
    const other = openRig();
    other.gate.admit(encodeUpdate(some), 'link');
    return contents(other.document);
  });
  const damaged = fc
    .array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) => {
      const bytes = sound.slice();
      for (const [at, flip] of changes) bytes[at] = (bytes[at] ?? 0) ^ flip;
      return bytes;
    })
    .filter((bytes) => bytes.some((octet, at) => octet !== sound[at]));
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 120 })), (bytes) => {
      const admission = gate.admit(bytes, 'link');
      // An update of nothing is one, as is one of keys that nobody knows; and octets may be written in more than one way.
      if (admission === 'applied') expect(right).toContainEqual(contents(document));
      else if (!document.boxes.includes(BEN.box)) expect(contents(document)).toEqual(before);
    }),
    { seed: 7, numRuns: 5_000 },
  );
}, 60_000);

test('text that is nested without end is malformed, and takes no stack', () => {
  const { gate } = openRig();
  const encoder = encoding.createEncoder();
  for (const number of [1, 1, clientIdOf(BEN.box, 0), 0]) encoding.writeVarUint(encoder, number);
  encoding.writeUint8(encoder, 0b0010_1000);
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarString(encoder, boxOf('ben'));
  encoding.writeVarString(encoder, 'profile');
  encoding.writeVarUint(encoder, 1);
  // Arrays of one array each.
  for (let depth = 0; depth < 30_000; depth++) {
    encoding.writeUint8(encoder, 117);
    encoding.writeVarUint(encoder, 1);
  }
  encoding.writeUint8(encoder, 126);
  encoding.writeVarUint(encoder, 0);
  expect(['malformed', 'value']).toContain(gate.admit(encoding.toUint8Array(encoder), 'link'));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { identityOf } from '../../tests/credentials-rig.ts';
import { openReplica, type Replica, signedAs } from '../../tests/document-rig.ts';
import type { BoxId } from '../core/ensemble.ts';
import type { EnsembleTime, Micros } from '../core/time.ts';
import { clientIdOf, countOf, isClientIdOf, MAX_COUNT, samePrefix } from './client-id.ts';
import { ControlDocument, controlRules } from './control-document.ts';
import { isControlKey, isControlValue, readRegister } from './control-values.ts';
import { encodeUpdate } from './document-update.ts';
import { ParticipantsDocument, participantsRules } from './participants-document.ts';

const A = 'a1'.repeat(16) as BoxId;
const B = 'b2'.repeat(16) as BoxId;

const openControl = (
  name: string,
  trusting = false,
): Replica & { readonly control: ControlDocument } => {
  const replica = openReplica(name, controlRules, { prefix: 'control/', trusting });
  return { ...replica, control: new ControlDocument(replica.document) };
};
const openParticipants = (name: string, trusting = false) => {
  const replica = openReplica(name, participantsRules, { trusting });
  return { ...replica, participants: new ParticipantsDocument(replica.document) };
};

test('a client id belongs to the box that wrote under it, and grows with each value', () => {
  expect(isClientIdOf(clientIdOf(A, 0), A)).toBe(true);
  expect(isClientIdOf(clientIdOf(A, MAX_COUNT), A)).toBe(true);
  expect(isClientIdOf(clientIdOf(A, MAX_COUNT), B)).toBe(false);
  expect(clientIdOf(A, 8)).toBeGreaterThan(clientIdOf(A, 7));
  expect(countOf(clientIdOf(B, 77))).toBe(77);
  const last = clientIdOf('f'.repeat(32) as BoxId, MAX_COUNT);
  expect(Number.isSafeInteger(last)).toBe(true);
  expect(samePrefix(A, `${A.slice(0, 7)}${B.slice(7)}`)).toBe(true);
  expect(samePrefix(A, B)).toBe(false);
});

test('a client id of 53 bits survives the encoding', () => {
  const client = clientIdOf('f'.repeat(32) as BoxId, MAX_COUNT);
  const update = encodeUpdate([{ client, root: 'r', key: 'k', stored: ['x'] }]);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  expect([...doc.store.clients.keys()]).toEqual([client]);
  expect(doc.getMap('r').get('k')).toEqual(['x']);
});

test('a document ends up with what Yjs makes of the same updates, in whatever order they come', () => {
  const authors = ['ann', 'ben', 'cas'].map(identityOf);
  const write = fc.record({
    author: fc.nat(2),
    key: fc.constantFrom('name', 'locked', 'mode'),
    count: fc.nat(9),
  });
  const written = { name: [1, 'x'], locked: [1, true], mode: [1, 'live'] } as const;
  fc.assert(
    fc.property(
      fc.uniqueArray(write, { selector: ({ author, count }) => `${author} ${count}` }),
      fc.infiniteStream(fc.nat()),
      (writes, order) => {
        const { document, gate } = openReplica('doc', controlRules, {
          prefix: 'control/',
          trusting: true,
        });
        const reference = new Y.Doc();
        const updates = writes.flatMap(({ author, key, count }) => {
          const identity = authors[author];
          if (!identity) return [];
          const root = `control/${identity.box}`;
          const value = written[key as keyof typeof written];
          const update = encodeUpdate([signedAs(identity, { root, key, value, count })]);
          return [update, update];
        });
        while (updates.length > 0) {
          const [update] = updates.splice((order.next().value ?? 0) % updates.length, 1);
          if (!update) continue;
          expect(gate.admit(update, 'link')).toBe('applied');
          Y.applyUpdate(reference, update);
        }
        for (const [root] of reference.share) {
          const map = reference.getMap(root);
          for (const [key, stored] of map.entries()) {
            expect(document.at(root, key)?.stored).toEqual(stored);
          }
          expect(document.keysOf(root)).toBe(map.size);
        }
        const again = new Y.Doc();
        Y.applyUpdate(again, document.encode());
        for (const [root] of reference.share) {
          expect(again.getMap(root).toJSON()).toEqual(reference.getMap(root).toJSON());
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('control values that don’t fit are refused, and read as the default', () => {
  const wrong: Record<string, unknown> = {
    name: '',
    timeline: { origin: 'now', bpm: 1e9, beatsPerBar: 0 },
    song: { start: 'now' },
    mode: 'ecstatic',
    host: 'me',
    reference: { box: B, boot: -1, shift: 0.5 },
    locked: 1,
    muted: [1],
    removed: 'everybody',
    standsIn: 'yes',
    made: 'yesterday',
  };
  for (const [key, value] of Object.entries(wrong)) {
    expect([key, isControlValue(key, [1, value])]).toEqual([key, false]);
  }
  for (const stamp of [-1, 0.5, 2 ** 49, '1']) {
    expect(isControlValue('locked', [stamp, true])).toBe(false);
  }
  expect(isControlValue('locked', [1, true])).toBe(true);
  expect([isControlKey('locked'), isControlKey('somethingNew')]).toEqual([true, false]);
  const told = Object.entries({ ...wrong, locked: [3, true], somethingNew: 1 });
  expect(told.reduce((read, [key, value]) => readRegister(read, key, value), {})).toEqual({
    locked: { stamp: 3, value: true },
  });
  expect(openControl('ann').control.state).toEqual({
    name: undefined,
    timeline: { origin: 0, bpm: 120, beatsPerBar: 4 },
    begun: false,
    song: undefined,
    mode: 'auto',
    reference: undefined,
    locked: false,
    muted: [],
    removed: [],
  });
});

test('the state is the same object until something changes, and a change to the same is none', () => {
  const { control, document } = openControl('ann');
  let changes = 0;
  document.onChange(() => changes++);
  control.set({ mode: 'live', name: 'Attic' });
  const { state } = control;
  control.set({ mode: 'live', name: 'Attic' });
  expect(control.state).toBe(state);
  expect(changes).toBe(1);
});

test('what was said last holds, whoever said it, and in whatever order it was heard', () => {
  const [a, b] = [openControl('ann'), openControl('ben')];
  a.control.set({ mode: 'live' });
  b.gate.admit(a.document.encode(), 'link');
  b.control.set({ mode: 'tight' });
  a.gate.admit(b.document.encode(), 'link');
  a.control.set({ name: 'Attic' });
  const c = openControl('carl');
  c.gate.admit(b.document.encode(), 'link');
  c.gate.admit(a.document.encode(), 'link');
  for (const one of [a, c])
    expect(one.control.state).toMatchObject({ mode: 'tight', name: 'Attic' });
});

test('an entry with parts that don’t fit is refused, and what is missing is read with defaults', () => {
  const { participants, gate } = openParticipants('ann');
  participants.setSelf({ name: 'Ann', role: 'bass', linkPort: 5008 });
  const ben = identityOf('ben');
  const profile = { name: 'Ben', instrument: '', role: null, roleByHand: false, joined: 0 };
  const wrong: Record<string, unknown> = {
    profile: { ...profile, role: 'conductor' },
    place: { addresses: ['10.0.0.1', 'no address!'], linkPort: 1, rtpPort: 1, ssrc: 1, boot: 1 },
    links: { links: 'all', forwarders: [], keepsTime: true },
    stats: { stats: { [A]: [1, 2] } },
  };
  for (const [key, value] of Object.entries(wrong)) {
    expect(gate.admit(encodeUpdate([signedAs(ben, { key, value })]), 'link')).toBe('value');
  }
  const update = encodeUpdate([signedAs(ben, { key: 'profile', value: { ...profile, later: 1 } })]);
  expect(gate.admit(update, 'link')).toBe('applied');
  const { entries } = participants;
  expect([...entries.keys()]).toEqual([identityOf('ann').box, ben.box].sort());
  expect(entries.get(identityOf('ann').box)).toMatchObject({
    name: 'Ann',
    role: 'bass',
    linkPort: 5008,
    present: true,
  });
  expect(entries.get(ben.box)).toMatchObject({
    name: 'Ben',
    addresses: [],
    linkPort: 0,
    links: [],
    forwarders: [],
    keepsTime: false,
    stats: {},
    present: true,
  });
});

test('only the part of an entry that changed is written again', () => {
  const { participants, document } = openParticipants('ann');
  participants.setSelf({ name: 'Ann', linkPort: 5008, links: [], stats: {} });
  const written: string[] = [];
  document.onChange((values) => written.push(...values.map(({ key }) => key)));
  participants.setSelf({ name: 'Ann', linkPort: 5008, links: [B], stats: {} });
  participants.setSelf({ role: 'melody' });
  expect(written).toEqual(['links', 'profile']);
});

test('100,000 changes of tempo, roles and statistics by four boxes leave small documents', () => {
  const names = ['ann', 'ben', 'carl', 'dora'];
  const controls = names.map((name) => openControl(name, true));
  const entries = names.map((name) => openParticipants(name, true));
  const [first] = controls as [(typeof controls)[number]];
  let changes = 0;
  for (let turn = 0; changes < 100_000; turn++) {
    const at = turn % 4;
    const { control, document } = controls[at] as (typeof controls)[number];
    const { participants } = entries[at] as (typeof entries)[number];
    const value = Math.floor(turn / 4);
    control.set({
      timeline: { origin: turn as EnsembleTime, bpm: 60 + (turn % 100), beatsPerBar: 4 },
      mode: turn % 8 < 4 ? 'live' : 'tight',
    });
    participants.setSelf({
      role: value % 2 === 0 ? 'bass' : 'melody',
      links: value % 3 === 0 ? [B] : [],
      stats: { [B]: { rtt: turn as Micros, jitter: undefined, loss: 0.01, recovered: turn } },
    });
    changes += 4;
    // What the others write is heard now and then.
    if (turn % 100 === 0 && at !== 0) first.gate.admit(document.encode(), 'link');
  }
  for (const { document } of [...controls, ...entries]) {
    expect(document.encode().length).toBeLessThan(4_096);
    expect(document.stateVector().length).toBeLessThan(256);
  }
  expect(first.control.state.timeline.bpm).toBeGreaterThanOrEqual(60);
}, 120_000);

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import type { BoxId } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import { drawClientId, isClientIdOf } from './client-id.ts';
import { ControlDocument } from './control-document.ts';
import { ParticipantsDocument } from './participants-document.ts';

const A = 'a1'.repeat(16) as BoxId;
const B = 'b2'.repeat(16) as BoxId;
const random = seededRandomness('documents');

test('a client id belongs to the box that drew it, and to no other', () => {
  const drawn = Array.from({ length: 1_000 }, () => drawClientId(A, random));
  expect(new Set(drawn).size).toBe(1_000);
  for (const clientId of drawn) {
    expect(Number.isSafeInteger(clientId)).toBe(true);
    expect(isClientIdOf(clientId, A)).toBe(true);
    expect(isClientIdOf(clientId, B)).toBe(false);
  }
  const last = drawClientId('f'.repeat(32) as BoxId, {
    uint32: () => 0xffff_ffff,
    bytes: () => new Uint8Array(0),
  });
  expect(last).toBeLessThan(Number.MAX_SAFE_INTEGER);
});

test('a client id of 53 bits survives the encoding', () => {
  const doc = new Y.Doc();
  doc.clientID = drawClientId('f'.repeat(32) as BoxId, random);
  doc.getMap('control').set('name', 'x');
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  expect([...copy.store.clients.keys()]).toEqual([doc.clientID]);
  expect(Y.decodeStateVector(Y.encodeStateVector(copy))).toEqual(new Map([[doc.clientID, 1]]));
});

test('control values that don’t fit are read as the default', () => {
  const control = new ControlDocument(drawClientId(A, random));
  const map = control.doc.getMap('control');
  for (const [key, value] of Object.entries({
    name: '',
    timeline: { origin: 'now', bpm: 1e9, beatsPerBar: 0 },
    song: { start: 0.5, position: -1 },
    mode: 'ecstatic',
    host: 'me',
    reference: { box: B, boot: -1, shift: Number.NaN },
    locked: 1,
    somethingNew: { a: 1 },
  })) {
    map.set(key, value);
  }
  expect(control.state).toEqual({
    name: undefined,
    timeline: { origin: 0, bpm: 120, beatsPerBar: 4 },
    begun: false,
    song: undefined,
    mode: 'auto',
    host: undefined,
    reference: undefined,
    locked: false,
    muted: [],
    removed: [],
  });
});

test('the state is the same object until something changes, and a change to the same is none', () => {
  const control = new ControlDocument(drawClientId(A, random));
  let updates = 0;
  control.doc.on('update', () => updates++);
  control.set({ mode: 'live', host: { box: A, boot: 1 } });
  const { state } = control;
  control.set({ mode: 'live', host: { box: A, boot: 1 } });
  expect(control.state).toEqual(state);
  expect(updates).toBe(1);
});

test('an entry with values that don’t fit is read with defaults, the others as they are', () => {
  const participants = new ParticipantsDocument(A, drawClientId(A, random));
  participants.setSelf({ name: 'Ann', role: 'bass', linkPort: 5008 });
  const map = participants.doc.getMap(B);
  for (const [key, value] of Object.entries({
    name: 7,
    instrument: 'x'.repeat(500),
    role: 'conductor',
    addresses: ['10.0.0.1', 'no address!'],
    linkPort: 70_000,
    ssrc: -1,
    links: 'all',
    stats: { [A]: [1, 2] },
    present: 0,
  })) {
    map.set(key, value);
  }
  const { entries } = participants;
  expect([...entries.keys()]).toEqual([A, B]);
  expect(entries.get(A)).toMatchObject({
    name: 'Ann',
    role: 'bass',
    linkPort: 5008,
    present: true,
  });
  expect(entries.get(B)).toEqual({
    name: '',
    instrument: 'x'.repeat(64),
    role: null,
    roleByHand: false,
    addresses: [],
    linkPort: 0,
    rtpPort: 0,
    ssrc: 0,
    boot: 0,
    links: [],
    forwarders: [],
    keepsTime: false,
    stats: {},
    present: true,
    joined: 0,
  });
});

test('statistics written every second for hours leave a small document', () => {
  const participants = new ParticipantsDocument(A, drawClientId(A, random));
  participants.setSelf({ name: 'Ann', linkPort: 5008, rtpPort: 5004 });
  const seconds = 20_000;
  for (let second = 0; second < seconds; second++) {
    const rtt = (40_000 + (second % 97) * 10) as Micros;
    participants.setSelf({
      stats: { [B]: { rtt, jitter: undefined, loss: 0.01, recovered: second } },
    });
    if (second % 1_000 === 0) participants.setSelf({ links: second % 2_000 === 0 ? [B] : [] });
  }
  expect(participants.entries.get(A)?.stats[B]).toEqual({
    rtt: (40_000 + ((seconds - 1) % 97) * 10) as Micros,
    jitter: undefined,
    loss: 0.01,
    recovered: seconds - 1,
  });
  expect(Y.encodeStateAsUpdate(participants.doc).length).toBeLessThan(4_096);
});

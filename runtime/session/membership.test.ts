import { expect, test } from 'vitest';
import type { BoxId } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import type { Registers } from './control-values.ts';
import { type Standing, standing, type View } from './membership.ts';
import type { ParticipantEntry } from './participants-document.ts';

const id = (digit: string): BoxId => digit.repeat(32) as BoxId;
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map(id) as [BoxId, BoxId, BoxId, BoxId];

const entry = (patch: Partial<ParticipantEntry> = {}): ParticipantEntry => ({
  name: '',
  instrument: '',
  role: null,
  roleByHand: false,
  carryOn: false,
  addresses: [],
  linkPort: 1,
  rtpPort: 1,
  ssrc: 1,
  boot: 1,
  links: [],
  forwarders: [],
  keepsTime: true,
  stats: {},
  present: true,
  joined: 0,
  ...patch,
});

const at = (stamp: number, box: BoxId, boot = 1): Registers => ({
  reference: { stamp, value: { box, boot, shift: 0 as Micros } },
});

/** As B sees it: A made the session and hosts it, and everybody is linked with everybody. */
const view = (patch: Partial<View> = {}): View => ({
  self: { box: B, boot: 1 },
  linked: new Set([A, C]),
  entries: new Map([
    [A, entry()],
    [B, entry()],
    [C, entry()],
  ]),
  excused: new Set(),
  registers: new Map([[A, at(1, A)]]),
  chain: [{ box: A, until: Number.POSITIVE_INFINITY }],
  ...patch,
});
const standsIn = (stamp: number): Registers => ({ standsIn: { stamp, value: true } });

test('a host that is there stays host', () => {
  expect(standing(view())).toMatchObject({ host: A, hostVacant: false, referenceVacant: false });
});

test('a box that only another one is linked with is within reach', () => {
  const entries = new Map([...view().entries, [C, entry({ links: [D] })], [D, entry()]] as const);
  expect([...standing(view({ entries })).within].sort()).toEqual([A, B, C, D]);
  const away = new Map([...entries, [D, entry({ present: false })]] as const);
  expect(standing(view({ entries: away })).within.has(D)).toBe(false);
});

test('for a host out of reach the first by id stands in, once it is not excused any more', () => {
  const gone = view({ linked: new Set([C]) });
  expect(standing({ ...gone, excused: new Set([A]) })).toMatchObject({
    host: A,
    hostVacant: false,
  });
  expect(standing(gone)).toMatchObject({
    host: B,
    hostVacant: true,
    referenceVacant: true,
    keeper: B,
  });
});

test('who stands in stays, though a smaller id comes, until the host is back', () => {
  const registers = new Map([...view().registers, [C, standsIn(5)]] as const);
  const gone = view({ linked: new Set([C]), registers });
  expect(standing(gone)).toMatchObject({ host: C, hostVacant: false });
  expect(standing(view({ registers })).host).toBe(A);
  // Of two, as after a partition, the one that has done so for longer.
  const both = new Map([...registers, [B, standsIn(4)]] as const);
  expect(standing({ ...gone, registers: both }).host).toBe(B);
});

test('whose word counts is the host’s, and of one that stands in, nothing once the host is back', () => {
  const registers = new Map([...view().registers, [C, standsIn(5)]] as const);
  const boxes = ({ authority }: Standing) => authority.hosts.map(({ box }) => box);
  expect(boxes(standing(view({ registers })))).toEqual([A]);
  expect(boxes(standing(view({ registers, linked: new Set([C]) })))).toEqual([A, C]);
});

test('a host that said goodbye is succeeded at once', () => {
  const entries = new Map([...view().entries, [A, entry({ present: false })]] as const);
  expect(standing(view({ entries, excused: new Set([A]) }))).toMatchObject({
    host: B,
    hostVacant: true,
  });
});

test('a host that was restarted hosts again, but its former clock gives no time any more', () => {
  const entries = new Map([...view().entries, [A, entry({ boot: 2, keepsTime: false })]] as const);
  expect(standing(view({ entries }))).toMatchObject({
    host: A,
    hostVacant: false,
    referenceVacant: true,
    keeper: B,
  });
  const registers = new Map([...view().registers, [B, at(9, B)]] as const);
  expect(standing(view({ entries, registers }))).toMatchObject({
    referenceVacant: false,
    authority: { reference: { box: B } },
  });
});

test('who does not have the session’s time does not stand in, unless nobody has it', () => {
  const gone = { linked: new Set([C]), registers: new Map() };
  const entries = new Map([...view().entries, [B, entry({ keepsTime: false })]] as const);
  expect(standing(view({ ...gone, entries }))).toMatchObject({ host: C, keeper: C });
  const lost = new Map([...entries, [C, entry({ keepsTime: false })]] as const);
  expect(standing(view({ ...gone, entries: lost }))).toMatchObject({ host: B, keeper: B });
});

test('a reference counts when the host names it; of others only when theirs is the duty', () => {
  // C is neither host nor keeper, and names itself with the latest stamp of all.
  const registers = new Map([
    [A, at(1, A)],
    [C, at(99, C)],
  ]);
  expect(standing(view({ registers })).authority.reference).toMatchObject({ box: A });
  const gone = view({ registers, linked: new Set([C]) });
  expect(standing(gone)).toMatchObject({ keeper: B, referenceVacant: true });
  // Until somebody takes over, time goes on by the clock that gave it.
  expect(standing(gone).authority.reference).toMatchObject({ box: A });
});

test('who made the session is not known: whoever is first hosts', () => {
  expect(standing(view({ chain: [] }))).toMatchObject({ host: A, hostVacant: true });
});

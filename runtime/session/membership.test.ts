import { expect, test } from 'vitest';
import type { BoxId } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import { standing, type View } from './membership.ts';
import type { ParticipantEntry } from './participants-document.ts';

const id = (digit: string): BoxId => digit.repeat(32) as BoxId;
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map(id) as [BoxId, BoxId, BoxId, BoxId];

const entry = (patch: Partial<ParticipantEntry> = {}): ParticipantEntry => ({
  name: '',
  instrument: '',
  role: null,
  roleByHand: false,
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

/** As B sees it: A hosts, and everybody is linked with everybody. */
const view = (patch: Partial<View> = {}): View => ({
  self: { box: B, boot: 1 },
  linked: new Set([A, C]),
  entries: new Map([
    [A, entry()],
    [B, entry()],
    [C, entry()],
  ]),
  excused: new Set(),
  host: { box: A, boot: 1 },
  reference: { box: A, boot: 1, shift: 0 as Micros },
  ...patch,
});

test('a host that is there stays host', () => {
  expect(standing(view())).toMatchObject({ host: A, hostVacant: false, referenceVacant: false });
});

test('a box that only another one is linked with is within reach', () => {
  const entries = new Map([...view().entries, [C, entry({ links: [D] })], [D, entry()]] as const);
  expect([...standing(view({ entries })).within].sort()).toEqual([A, B, C, D]);
  const away = new Map([...entries, [D, entry({ present: false })]] as const);
  expect(standing(view({ entries: away })).within.has(D)).toBe(false);
});

test('a host out of reach is succeeded by the first by id, once it is not excused any more', () => {
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

test('a host that said goodbye, or was restarted, is succeeded at once', () => {
  for (const patch of [{ present: false }, { boot: 2, keepsTime: false }]) {
    const entries = new Map([...view().entries, [A, entry(patch)]] as const);
    expect(standing(view({ entries, excused: new Set([A]) }))).toMatchObject({
      host: B,
      hostVacant: true,
    });
  }
});

test('who does not have the session’s time does not succeed, unless nobody has it', () => {
  const gone = { linked: new Set([C]), host: undefined };
  const entries = new Map([...view().entries, [B, entry({ keepsTime: false })]] as const);
  expect(standing(view({ ...gone, entries }))).toMatchObject({ host: C, keeper: C });
  const lost = new Map([...entries, [C, entry({ keepsTime: false })]] as const);
  expect(standing(view({ ...gone, entries: lost }))).toMatchObject({ host: B, keeper: B });
});

test('a host that was restarted itself leaves time to whoever kept it', () => {
  const entries = new Map([...view().entries, [B, entry({ boot: 2, keepsTime: false })]] as const);
  const restarted = view({
    self: { box: B, boot: 2 },
    linked: new Set([C]),
    entries,
    host: { box: B, boot: 1 },
    reference: { box: B, boot: 1, shift: 5 as Micros },
  });
  expect(standing(restarted)).toMatchObject({ host: C, hostVacant: true, keeper: C });
});

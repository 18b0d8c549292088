import { describe, expect, test } from 'vitest';
import { openPageFeed, type PageSocket, SLOW_BYTES } from './page-feed.ts';
import type { SimBars, SimFate, SimForecast } from './prediction-protocol.ts';
import type { ServerMessage, SimNote } from './protocol.ts';
import { openScriptedHost } from './scripted-host.ts';

const note: SimNote = {
  kind: 'heard',
  participant: '1'.repeat(32),
  on: true,
  channel: 0,
  key: 60,
  velocity: 100,
  at: 1,
  cause: 'received',
};
const ALL = { states: true, stats: true };
const WANTED = { displays: true, notes: true, stats: true, watch: null };

/** A page whose line is clogged by hand. */
function openPage() {
  const received: ServerMessage[] = [];
  const socket = {
    bufferedAmount: 0,
    send: (text: string) => {
      received.push(JSON.parse(text));
    },
  } satisfies PageSocket;
  const take = <K extends ServerMessage['kind']>(kind: K) =>
    received.filter((message): message is ServerMessage & { kind: K } => message.kind === kind);
  return { socket, received, take };
}

test('a page that comes learns everything at once: boxes, displays, LEDs, players, sessions', () => {
  const feed = openPageFeed({ host: openScriptedHost() });
  const { socket, received } = openPage();
  feed.attach(socket);
  expect(received.map((message) => message.kind)).toEqual([
    'hello',
    ...['display', 'leds', 'player', 'session'],
    ...['display', 'leds', 'player', 'session'],
    'profile',
  ]);
});

test('frames between two flushes are one message: the last', () => {
  const host = openScriptedHost();
  const feed = openPageFeed({ host });
  const { socket, received, take } = openPage();
  feed.attach(socket);
  received.length = 0;
  for (let i = 1; i <= 5; i++) host.boxes[0]?.show(new Uint8Array(1_024).fill(i), 0.5);
  feed.flush(ALL);
  expect(take('display')).toHaveLength(1);
  expect(Buffer.from(take('display')[0]?.frame ?? '', 'base64')[0]).toBe(5);
  expect(take('display')[0]?.brightness).toBe(0.5);
});

test('a slow page loses notes, is told how many, and loses no state', () => {
  const host = openScriptedHost();
  const feed = openPageFeed({ host });
  const slow = openPage();
  const quick = openPage();
  const page = feed.attach(slow.socket);
  feed.attach(quick.socket);
  slow.received.length = 0;

  slow.socket.bufferedAmount = SLOW_BYTES + 1;
  for (let i = 0; i < 3; i++) {
    host.boxes[0]?.note(note);
    host.boxes[0]?.show(new Uint8Array(1_024).fill(i + 1), 1);
    feed.flush(ALL);
  }
  expect(slow.received).toEqual([]);
  expect(quick.take('notes')).toHaveLength(3);
  expect(page.dropped).toBe(3);

  slow.socket.bufferedAmount = 0;
  host.boxes[0]?.note(note);
  feed.flush(ALL);
  expect(slow.take('notes')).toMatchObject([{ box: 1, skipped: 3, notes: [note] }]);
  expect(Buffer.from(slow.take('display')[0]?.frame ?? '', 'base64')[0]).toBe(3);
});

test('a flood of notes between two flushes is bounded and counted', () => {
  const host = openScriptedHost();
  const feed = openPageFeed({ host });
  const { socket, take } = openPage();
  feed.attach(socket);
  for (let i = 0; i < 2_500; i++) host.boxes[1]?.note(note);
  feed.flush(ALL);
  expect(take('notes')).toMatchObject([{ box: 2, skipped: 500 }]);
  expect(take('notes')[0]?.notes).toHaveLength(2_000);
});

test('a page in the background gets neither displays nor notes, and the last display when it returns', () => {
  const host = openScriptedHost();
  const feed = openPageFeed({ host });
  const { socket, received, take } = openPage();
  const page = feed.attach(socket);
  page.want({ displays: false, notes: false, stats: false, watch: null });
  received.length = 0;
  host.boxes[0]?.note(note);
  host.boxes[0]?.show(new Uint8Array(1_024).fill(7), 1);
  feed.flush(ALL);
  expect(received).toEqual([]);
  page.want({ displays: true, notes: true, stats: true, watch: null });
  feed.flush(ALL);
  expect(take('display')).toHaveLength(1);
  expect(take('stats')).toHaveLength(1);
});

test('a page that left gets nothing', () => {
  const host = openScriptedHost();
  const feed = openPageFeed({ host });
  const { socket, received } = openPage();
  feed.attach(socket)[Symbol.dispose]();
  received.length = 0;
  host.boxes[0]?.note(note);
  host.notice({ level: 'info', text: 'hello' });
  feed.flush(ALL);
  expect(received).toEqual([]);
});

describe('the engine of a box', () => {
  const fate = (at: number): SimFate => ({
    ...{ participant: '2'.repeat(32), fate: 'predicted', channel: 0, key: 60, velocity: 90, at },
  });
  const bars: SimBars = { epoch: 1, lines: [0, 2_000, 4_000], beats: 4, confidence: 1 };
  const slot = (at: number, likely: number): SimForecast => ({
    bars,
    slots: [
      {
        ...{ participant: '2'.repeat(32), slot: at },
        notes: [{ channel: 0, key: 60, at: at * 10, length: 100, likely }],
      },
    ],
  });

  test('is looked into while a page watches, and anew for each page that comes to it', () => {
    const host = openScriptedHost();
    const feed = openPageFeed({ host });
    const first = feed.attach(openPage().socket);
    const second = feed.attach(openPage().socket);
    expect(host.watches).toEqual([]);
    first.want({ ...WANTED, watch: 1 });
    second.want({ ...WANTED, watch: 1 });
    first.want({ ...WANTED, watch: 1, displays: false });
    expect(host.watches.splice(0)).toEqual(['1 true', '1 true']);
    first.want({ ...WANTED, watch: 2 });
    expect(host.watches.splice(0)).toEqual(['2 true']);
    second[Symbol.dispose]();
    expect(host.watches.splice(0)).toEqual(['1 false']);
    feed[Symbol.dispose]();
    expect(host.watches.splice(0)).toEqual(['2 false']);
  });

  test('tells what became of notes among the notes, and counts them in their bound', () => {
    const host = openScriptedHost();
    const feed = openPageFeed({ host });
    const { socket, take } = openPage();
    feed.attach(socket);
    for (let i = 0; i < 2_100; i++) host.boxes[0]?.fate(fate(i));
    feed.flush(ALL);
    expect(take('notes')[0]?.fates).toHaveLength(2_000);
    expect(take('notes')).toMatchObject([{ box: 1, notes: [], skipped: 100 }]);
  });

  test('tells the page that watches it what it expects, only the last word on each slot', () => {
    const host = openScriptedHost();
    const feed = openPageFeed({ host });
    const watching = openPage();
    const other = openPage();
    feed.attach(watching.socket).want({ ...WANTED, watch: 1 });
    feed.attach(other.socket);
    for (const likely of [0.2, 0.9]) host.boxes[0]?.forecast(slot(40, likely));
    feed.flush(ALL);
    feed.flush(ALL);
    expect(watching.take('forecast')).toMatchObject([{ box: 1, ...slot(40, 0.9) }]);
    expect(other.take('forecast')).toEqual([]);
  });

  test('is told to nobody who is too slow, and not kept for them', () => {
    const host = openScriptedHost();
    const feed = openPageFeed({ host });
    const { socket, take } = openPage();
    feed.attach(socket).want({ ...WANTED, watch: 1 });
    socket.bufferedAmount = SLOW_BYTES + 1;
    for (let i = 0; i < 1_000; i++) host.boxes[0]?.forecast(slot(i, 0.5));
    feed.flush(ALL);
    socket.bufferedAmount = 0;
    host.boxes[0]?.forecast(slot(1_000, 0.5));
    feed.flush(ALL);
    expect(take('forecast')[0]?.slots).toHaveLength(1);
  });
});

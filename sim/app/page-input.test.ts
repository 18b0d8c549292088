import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClientMessage } from './client-messages.ts';
import { openPageInput } from './page-input.ts';
import { openScriptedHost } from './scripted-host.ts';

function openRig(init: { rate?: number; burst?: number } = {}) {
  const host = openScriptedHost();
  const problems: string[] = [];
  const pressed = new Set<number>();
  const clock = { now: 0 };
  const open = () =>
    openPageInput(
      {
        host,
        pressed,
        now: () => clock.now,
        problem: (text) => problems.push(text),
        subscribe() {},
        touched() {},
      },
      init,
    );
  return { host, problems, clock, open };
}
const say = (message: ClientMessage): string => JSON.stringify(message);

test('the hand on the page moves the box', () => {
  const { host, open } = openRig();
  const page = open();
  page.receive(say({ kind: 'turn', box: 2, detents: -1 }));
  page.receive(say({ kind: 'press', box: 2 }));
  page.receive(say({ kind: 'release', box: 2 }));
  page.receive(say({ kind: 'midi', box: 1, bytes: '903c64' }));
  page.receive(say({ kind: 'profile', name: 'transatlantic' }));
  page.receive(say({ kind: 'profile', name: 'lan', from: 1, to: 2 }));
  page.receive(say({ kind: 'player', box: 1, action: 'play', piece: 'canon', track: 1 }));
  page.receive(say({ kind: 'together', action: 'play', piece: 'canon', loop: true }));
  page.receive(say({ kind: 'panic' }));
  expect(host.calls).toEqual([
    '2 turn -1',
    '2 press',
    '2 release',
    '1 midi 903c64',
    'profile transatlantic',
    'profile lan 1>2',
    '1 player canon 1 false',
    'together canon true',
    '1 panic',
    '2 panic',
  ]);
});

test('a page that closes lets go of its keys, its pedal and its knob, and only of its own', () => {
  const { host, open } = openRig();
  const page = open();
  const other = open();
  page.receive(say({ kind: 'midi', box: 1, bytes: '903c64' }));
  page.receive(say({ kind: 'midi', box: 1, bytes: 'b0407f' }));
  page.receive(say({ kind: 'midi', box: 2, bytes: '993264' }));
  page.receive(say({ kind: 'press', box: 2 }));
  other.receive(say({ kind: 'midi', box: 1, bytes: '904064' }));
  expect(page.held).toBe(2);
  host.calls.length = 0;
  page[Symbol.dispose]();
  expect(host.calls).toEqual(['1 midi 803c40b04000', '2 midi 893240', '2 release']);
  page[Symbol.dispose]();
  expect(host.calls).toHaveLength(3);
});

test('one finger fits on a knob: press and release alternate whatever two pages do', () => {
  const { host, open } = openRig();
  const page = open();
  const other = open();
  page.receive(say({ kind: 'press', box: 1 }));
  other.receive(say({ kind: 'press', box: 1 }));
  other.receive(say({ kind: 'release', box: 1 }));
  page.receive(say({ kind: 'release', box: 1 }));
  page.receive(say({ kind: 'release', box: 1 }));
  expect(host.calls).toEqual(['1 press', '1 release']);
});

test('what can not be done is said in words', () => {
  const { host, problems, open } = openRig();
  const page = open();
  page.receive(say({ kind: 'press', box: 7 }));
  page.receive(say({ kind: 'midi', box: 1, bytes: '903c' }));
  page.receive(say({ kind: 'profile', name: 'moon' }));
  page.receive(say({ kind: 'player', box: 1, action: 'play', piece: 'canon', track: 5 }));
  page.receive('{');
  expect(host.calls).toEqual([]);
  expect(problems).toEqual([
    'There is no box 7: this simulator runs 2.',
    'These were not whole MIDI messages: nothing was played.',
    'There is no such network profile.',
    'The piece has no such part.',
    'A message was refused: not JSON.',
  ]);
});

test('a steady player is never a flood; a page that shouts is', () => {
  const { clock, open } = openRig({ rate: 100, burst: 10 });
  const page = open();
  const turn = say({ kind: 'turn', box: 1, detents: 1 });
  for (let i = 0; i < 1_000; i++) {
    clock.now += 10;
    expect(page.receive(turn)).toBe('taken');
  }
  clock.now += 1_000;
  const fates = Array.from({ length: 12 }, () => page.receive(turn));
  expect(fates.filter((fate) => fate === 'flood')).toHaveLength(2);
});

test('arbitrary text never throws', () => {
  const { open } = openRig({ rate: 1e9, burst: 1e9 });
  const page = open();
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void page.receive(text)));
});

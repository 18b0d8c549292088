import { expect, test } from 'vitest';
import { fromMillis, type Instant } from '../../../core/time.ts';
import { SilenceWatch } from './silence-watch.ts';

const at = (seconds: number): Instant => (seconds * 1e6) as Instant;

interface Rig {
  readonly watch: SilenceWatch;
  readonly log: string[];
  /** Lets time pass in steps of 10 ms. */
  until(seconds: number): void;
  sounding: boolean;
}

function openRig(answers: boolean, sounding: boolean): Rig {
  let now = 0;
  const log: string[] = [];
  const say = (what: string) => () => log.push(`${what} ${now / 1_000}`);
  const watch = new SilenceWatch(
    { ask: say('ask'), silent: say('silent'), gone: say('gone') },
    at(0),
  );
  if (answers) watch.answered();
  const rig: Rig = {
    watch,
    log,
    sounding,
    until(seconds) {
      for (; now <= seconds * 1_000; now += 10)
        watch.tick(at(now / 1_000), () => rig.sounding, fromMillis(5));
    },
  };
  return rig;
}

test('silence while notes sound is asked about after two seconds, and believed after three and a half (item 40)', () => {
  const { log, until } = openRig(true, true);
  until(10);
  expect(log).toEqual(['ask 2', 'ask 2.3', 'ask 2.6', 'ask 2.9', 'silent 3.51']);
});

test('an answer in between ends the asking, until the next silence', () => {
  const { watch, log, until } = openRig(true, true);
  until(2.4);
  watch.heard(at(2.4));
  until(4.3);
  expect(log).toEqual(['ask 2', 'ask 2.3']);
  until(9);
  expect(log.at(-1)).toBe('silent 5.91');
});

test('nothing sounds: nothing is asked, however long the silence', () => {
  const { watch, log, until } = openRig(true, false);
  until(30);
  expect(log).toEqual([]);
  expect(watch.due).toBe(Number.POSITIVE_INFINITY);
});

test('a peer that was never heard to answer questions is given until after its next clock exchange (item 40)', () => {
  const { watch, log, until } = openRig(false, true);
  for (let second = 10; second <= 60; second += 10) {
    until(second);
    watch.heard(at(second));
  }
  expect(log.filter((line) => !line.startsWith('ask'))).toEqual([]);
  until(90);
  expect(log.filter((line) => !line.startsWith('ask'))).toEqual(['silent 78.5']);
});

test('who is challenged has a second to answer, and then is there or gone (item 45)', () => {
  const silent = openRig(true, false);
  silent.until(5);
  expect(silent.watch.challenge(at(5))).toBe('asking');
  silent.until(5.5);
  expect(silent.watch.challenge(at(5.5))).toBe('asking');
  silent.until(7);
  expect(silent.watch.challenge(at(7))).toBe('gone');
  expect(silent.log).toEqual([
    'ask 5.01',
    'ask 5.31',
    'ask 5.61',
    'ask 5.91',
    'silent 6.01',
    'gone 6.01',
  ]);

  const there = openRig(true, false);
  there.until(5);
  there.watch.challenge(at(5));
  there.until(5.1);
  there.watch.heard(at(5.1));
  expect(there.watch.challenge(at(5.2))).toBe('there');
  there.until(8);
  expect(there.watch.challenge(at(8.2))).toBe('asking');
  there.watch.heard(at(8.3));
  there.until(20);
  expect(there.log.some((line) => line.startsWith('gone'))).toBe(false);
});

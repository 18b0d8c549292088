import { expect, test } from 'vitest';
import { fromMillis, type Instant } from '../../core/time.ts';
import { GuardSchedule } from './guard-schedule.ts';

const at = (ms: number): Instant => fromMillis(ms) as number as Instant;

/** When guard packets go out, in milliseconds. */
function times(schedule: GuardSchedule): number[] {
  const found: number[] = [];
  while (schedule.due !== undefined && found.length < 100) {
    found.push(schedule.due / 1_000);
    schedule.sent(schedule.due);
  }
  return found;
}

test('a peer that reports is sent them every 15 ms at first, then ever more rarely for five seconds (item 36)', () => {
  const schedule = new GuardSchedule();
  schedule.begin(at(0), true, false);
  const found = times(schedule);
  expect(found.slice(0, 8)).toEqual([15, 30, 45, 60, 75, 90, 105, 120]);
  expect(found.slice(8)).toEqual([150, 210, 330, 570, 1_050, 2_010, 3_010, 4_010]);
});

test('in a crowd they double at once: three before an answer that takes 100 ms', () => {
  const schedule = new GuardSchedule();
  schedule.begin(at(0), true, false, true);
  expect(times(schedule).slice(0, 5)).toEqual([15, 45, 105, 225, 465]);
});

test('a peer that does not report is sent the first after 45 ms and few more (items 35, 36)', () => {
  const schedule = new GuardSchedule();
  schedule.begin(at(0), false, false);
  expect(times(schedule)).toEqual([45, 135, 315, 675, 1_395, 2_395, 3_395, 4_395]);
});

test('each command begins anew, unless something is owed to the peer already', () => {
  const schedule = new GuardSchedule();
  schedule.begin(at(0), true, false);
  schedule.begin(at(10), true, false);
  expect(schedule.due).toBe(at(25));
  schedule.begin(at(20), true, true);
  expect(schedule.due).toBe(at(25));
  schedule.end();
  expect(schedule.due).toBeUndefined();
  schedule.begin(at(30), true, true);
  expect(schedule.due).toBe(at(45));
});

test('a new peer is sent one at once, and only that one where there are no journals', () => {
  const schedule = new GuardSchedule();
  schedule.introduce(at(7), true);
  expect(times(schedule).slice(0, 3)).toEqual([7, 22, 37]);
  schedule.introduce(at(7), false);
  expect(times(schedule)).toEqual([7]);
});

test('one that may not be sent yet is sent later', () => {
  const schedule = new GuardSchedule();
  schedule.postpone(at(50));
  expect(schedule.due).toBeUndefined();
  schedule.begin(at(0), true, false);
  schedule.postpone(at(50));
  expect(schedule.due).toBe(at(50));
});

import { expect, test } from 'vitest';
import { CLASSES } from './kit-classes.ts';
import { VoteRecord } from './vote-record.ts';

test('votes that come true are trusted more, others less; each slot counts once, when it is known', () => {
  const record = new VoteRecord();
  const hits = new Uint16Array(256);
  const votes = new Float32Array(CLASSES);
  votes[0] = 0.9;
  votes[1] = 0.9;
  for (let slot = 0; slot < 100; slot++) {
    record.keep(slot, votes, 0);
    hits[slot] = 0b1;
  }
  expect(record.precision[0]).toBe(0.5);
  record.check(49, hits, 255, 99);
  const precision = record.precision[0] as number;
  expect(precision).toBeGreaterThan(0.9);
  expect(record.precision[1]).toBeLessThan(0.1);
  expect(record.recall[0]).toBeGreaterThan(0.85);
  record.check(49, hits, 255, 99);
  expect(record.precision[0]).toBe(precision);
});

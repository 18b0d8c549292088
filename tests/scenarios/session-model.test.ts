import { expect, test } from 'vitest';
import { runSessionModel } from './session-model.ts';

const SEEDS = 8;

test('sixteen replicas agree after a minute of partitions, restarts, edits and changes of host', () => {
  let edits = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = runSessionModel({ seed, replicas: 16, seconds: 60 });
    expect([seed, outcome.failure]).toEqual([seed, undefined]);
    edits += outcome.edits;
  }
  expect(edits).toBeGreaterThan(SEEDS * 20);
}, 180_000);

import { expect, test } from 'vitest';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { randomnessContract } from '../contracts/randomness.contract.ts';

randomnessContract('SystemRandomness', () => systemRandomness);

test('no two keys are alike', () => {
  const keys = Array.from({ length: 100 }, () => String(systemRandomness.bytes(16)));
  expect(new Set(keys).size).toBe(100);
});

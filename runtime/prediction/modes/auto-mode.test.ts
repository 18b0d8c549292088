import { describe, expect, test } from 'vitest';
import { fromMillis, fromSeconds, type Instant, instant } from '../../core/time.ts';
import { AutoMode, type ModeEvidence } from './auto-mode.ts';

const FAR: ModeEvidence = {
  delay: fromMillis(60),
  notes: 300,
  beatConfidence: 1,
  precision: 0.8,
  recall: 0.5,
};
const at = (seconds: number): Instant => instant(fromSeconds(seconds));

function after(...evidence: readonly ModeEvidence[]): AutoMode {
  const auto = new AutoMode();
  for (const [index, one] of evidence.entries()) auto.decide(one, at(index * 5));
  return auto;
}

test('it begins Live, and far away goes over to Tight as soon as the way is known', () => {
  expect(new AutoMode()).toMatchObject({ mode: 'live', reason: 'new' });
  expect(after({ ...FAR, notes: 3 }).mode).toBe('live');
  expect(after({ ...FAR, notes: 6, precision: undefined, recall: undefined })).toMatchObject({
    mode: 'tight',
    reason: 'predictable',
  });
});

describe('Live is right', () => {
  test.each([
    ['near by', { delay: fromMillis(12) }, 'near'],
    ['without a beat', { beatConfidence: 0.2 }, 'noBeat'],
    ['for a solo in rubato', { precision: 0.2 }, 'unpredictable'],
    ['where nothing was foreseen in hundreds of notes', { recall: 0 }, 'unpredictable'],
  ] as const)('%s', (_, patch, reason) => {
    expect(after({ ...FAR, ...patch })).toMatchObject({ mode: 'live', reason });
    expect(after(FAR, { ...FAR, ...patch })).toMatchObject({ mode: 'live', reason });
  });

  test('but a part that is new is given time to become familiar', () => {
    expect(after({ ...FAR, notes: 100, recall: 0 }).mode).toBe('tight');
  });
});

test('between two ways to play the one in use is kept', () => {
  for (const between of [
    { ...FAR, delay: fromMillis(17) },
    { ...FAR, beatConfidence: 0.4 },
    { ...FAR, precision: 0.3 },
  ]) {
    expect(after(between).mode).toBe('live');
    expect(after(FAR, between).mode).toBe('tight');
  }
});

test('a change is not taken back within four seconds', () => {
  const auto = after(FAR);
  auto.decide({ ...FAR, delay: fromMillis(5) }, at(3));
  expect(auto.mode).toBe('tight');
  auto.decide({ ...FAR, delay: fromMillis(5) }, at(4.1));
  expect(auto.mode).toBe('live');
});

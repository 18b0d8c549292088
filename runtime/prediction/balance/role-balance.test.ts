import { expect, test } from 'vitest';
import { RoleBalance } from './role-balance.ts';

function band(...players: readonly (readonly [string, 'harmony' | 'bass', number])[]): RoleBalance {
  const balance = new RoleBalance();
  for (const [source, role, velocity] of players) {
    balance.setRole(source, role);
    for (let note = 0; note < 40; note++) balance.struck(source, velocity);
  }
  return balance;
}

test('two players of one role are made equally loud; one who is alone stays as played', () => {
  const balance = band(['ann', 'harmony', 100], ['bob', 'harmony', 60], ['cy', 'bass', 30]);
  expect(100 * balance.gainOf('ann')).toBeCloseTo(80, 5);
  expect(60 * balance.gainOf('bob')).toBeCloseTo(80, 5);
  expect(balance.gainOf('cy')).toBe(1);
  expect(balance.gainOf('nobody')).toBe(1);
});

test('nobody is changed beyond what sounds natural, nor judged by a few notes', () => {
  const balance = band(['ann', 'harmony', 127], ['bob', 'harmony', 10]);
  expect(balance.gainOf('bob')).toBe(1.4);
  expect(balance.gainOf('ann')).toBeGreaterThanOrEqual(0.5);
  balance.setRole('cy', 'bass');
  balance.setRole('di', 'bass');
  balance.struck('cy', 100);
  balance.struck('di', 20);
  expect(balance.gainOf('cy')).toBe(1);
});

test('doubled and vacant roles are told', () => {
  const balance = band(['ann', 'harmony', 100], ['bob', 'harmony', 60], ['cy', 'bass', 30]);
  expect(balance.stats).toEqual({ doubled: ['harmony'], vacant: ['rhythm', 'melody'] });
  balance.remove('bob');
  expect(balance.stats.doubled).toEqual([]);
  expect(balance.gainOf('ann')).toBe(1);
});

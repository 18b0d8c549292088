import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openHand } from './hand.ts';

function openRig() {
  const sent: number[][] = [];
  return { sent, hand: openHand((message) => sent.push([...message])) };
}

test('a finger plays and lets go', () => {
  const { sent, hand } = openRig();
  hand.down('mouse', 0, 60, 99.6);
  hand.up('mouse');
  hand.up('mouse');
  expect(sent).toEqual([
    [0x90, 60, 100],
    [0x80, 60, 64],
  ]);
});

test('a finger that slides to another key lets the first go before', () => {
  const { sent, hand } = openRig();
  hand.down('mouse', 0, 60, 100);
  hand.down('mouse', 0, 62, 100);
  expect(sent).toEqual([
    [0x90, 60, 100],
    [0x80, 60, 64],
    [0x90, 62, 100],
  ]);
});

test('a key that two fingers hold sounds until the second lets go', () => {
  const { sent, hand } = openRig();
  hand.down('mouse', 0, 60, 100);
  hand.down('KeyA', 0, 60, 80);
  hand.up('mouse');
  expect(sent.filter(([status]) => status === 0x80)).toHaveLength(0);
  hand.up('KeyA');
  expect(sent.at(-1)).toEqual([0x80, 60, 64]);
});

test('only the fingers of one kind can be lifted', () => {
  const { sent, hand } = openRig();
  hand.down('midi 0 60', 0, 60, 100);
  hand.down('KeyA', 0, 64, 100);
  hand.allUp('midi');
  expect(sent.slice(2)).toEqual([[0x80, 60, 64]]);
});

test('whatever fingers do, lifting all leaves no key down', () => {
  const finger = fc.constantFrom('mouse', 'touch 1', 'KeyA', 'KeyS');
  const act = fc.oneof(
    fc.record({ finger, channel: fc.constantFrom(0, 9), key: fc.integer({ min: -2, max: 130 }) }),
    fc.record({ finger }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const { sent, hand } = openRig();
      for (const one of acts) {
        if ('key' in one) hand.down(one.finger, one.channel, one.key, 90);
        else hand.up(one.finger);
      }
      hand.allUp();
      const down = new Set<string>();
      for (const [status = 0, key = -1] of sent) {
        expect(key).toBeGreaterThanOrEqual(0);
        expect(key).toBeLessThanOrEqual(127);
        const note = `${status & 0x0f} ${key}`;
        if (status >= 0x90) down.add(note);
        else down.delete(note);
      }
      expect([...down]).toEqual([]);
    }),
  );
});

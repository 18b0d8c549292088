import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KnobAction, openKnobGesture } from './knob-gesture.ts';

const PRESS = { kind: 'press' };
const RELEASE = { kind: 'release' };

test('a quick click presses and releases', () => {
  const knob = openKnobGesture();
  expect(knob.down(10, 10)).toEqual([]);
  expect(knob.move(12, 11)).toEqual([]);
  expect(knob.up()).toEqual([PRESS, RELEASE]);
});

test('a finger that stays is felt at once and until it leaves', () => {
  const knob = openKnobGesture();
  knob.down(10, 10);
  expect(knob.settle()).toEqual([PRESS]);
  expect(knob.move(80, 10)).toEqual([]);
  expect(knob.up()).toEqual([RELEASE]);
});

test('dragging right or up turns clockwise, back turns back, and nothing is pressed', () => {
  const knob = openKnobGesture();
  knob.down(0, 0);
  expect(knob.move(24, 0)).toEqual([{ kind: 'turn', detents: 2 }]);
  expect(knob.move(24, -12)).toEqual([{ kind: 'turn', detents: 1 }]);
  expect(knob.settle()).toEqual([]);
  expect(knob.move(0, 0)).toEqual([{ kind: 'turn', detents: -3 }]);
  expect(knob.up()).toEqual([]);
});

test('a wheel notch is one detent, and a touchpad gathers its small strokes', () => {
  const knob = openKnobGesture();
  expect(knob.wheel(120)).toEqual([{ kind: 'turn', detents: 1 }]);
  expect(knob.wheel(-100)).toEqual([{ kind: 'turn', detents: -1 }]);
  const strokes = Array.from({ length: 20 }, () => knob.wheel(10)).flat();
  expect(strokes).toHaveLength(4);
});

test('whatever the pointer does, press and release alternate and every turn is small', () => {
  const at = fc.integer({ min: -500, max: 500 });
  const act = fc.oneof(
    fc.record({ do: fc.constantFrom('down' as const, 'move' as const), x: at, y: at }),
    fc.record({ do: fc.constantFrom('up' as const, 'settle' as const) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const knob = openKnobGesture();
      const seen: KnobAction[] = [];
      for (const one of acts) {
        if ('x' in one) seen.push(...knob[one.do](one.x, one.y));
        else seen.push(...knob[one.do]());
      }
      seen.push(...knob.up());
      const presses = seen.filter((action) => action.kind !== 'turn').map((action) => action.kind);
      presses.forEach((kind, i) => {
        expect(kind).toBe(i % 2 === 0 ? 'press' : 'release');
      });
      expect(presses.length % 2).toBe(0);
    }),
  );
});

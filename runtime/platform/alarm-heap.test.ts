import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AlarmHeap, type HeldAlarm } from './alarm-heap.ts';

test('whatever is added and removed, the first is always the earliest, equal ones by order', () => {
  const steps = fc.array(fc.record({ which: fc.nat(19), due: fc.nat(10), add: fc.boolean() }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (taken) => {
      const heap = new AlarmHeap();
      const alarms: HeldAlarm[] = Array.from({ length: 20 }, () => ({
        due: 0,
        order: 0,
        at: -1,
        wake: () => {},
      }));
      const model = new Set<HeldAlarm>();
      taken.forEach(({ which, due, add }, order) => {
        const alarm = alarms[which] as HeldAlarm;
        heap.remove(alarm);
        model.delete(alarm);
        if (add) {
          alarm.due = due;
          alarm.order = order;
          heap.add(alarm);
          model.add(alarm);
        }
        const sorted = [...model].sort((a, b) => a.due - b.due || a.order - b.order);
        expect(heap.first).toBe(sorted[0]);
      });
    }),
  );
});

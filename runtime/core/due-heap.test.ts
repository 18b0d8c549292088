import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Due, DueHeap } from './due-heap.ts';

test('whatever is added and removed, the first is always the earliest, equal ones by order', () => {
  const steps = fc.array(fc.record({ which: fc.nat(19), due: fc.nat(10), add: fc.boolean() }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (taken) => {
      const heap = new DueHeap<Due>();
      const members: Due[] = Array.from({ length: 20 }, () => ({
        due: 0,
        order: 0,
        at: -1,
      }));
      const model = new Set<Due>();
      taken.forEach(({ which, due, add }, order) => {
        const member = members[which] as Due;
        heap.remove(member);
        model.delete(member);
        if (add) {
          member.due = due;
          member.order = order;
          heap.add(member);
          model.add(member);
        }
        const sorted = [...model].sort((a, b) => a.due - b.due || a.order - b.order);
        expect(heap.first).toBe(sorted[0]);
      });
    }),
  );
});

/**
 * Links that newer ones have taken the place of: they stand for a second longer, for what is still on its way.
 */
import { after, fromSeconds, type Instant } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../transport/link/link.ts';

const OVERLAP = fromSeconds(1);

export interface RetiredLinks extends AsyncDisposable {
  add(link: Link): void;
  /** It has ended by itself. */
  delete(link: Link): void;
}

export function openRetiredLinks(deps: { readonly clock: Clock }): RetiredLinks {
  const { clock } = deps;
  /** And when they are to end: the first to come first. */
  const links = new Map<Link, Instant>();
  const alarm = clock.alarm(() => {
    for (const [link, due] of links) {
      if (due > clock.now()) {
        alarm.set(due);
        return;
      }
      links.delete(link);
      link.replace();
    }
  });
  return {
    add(link) {
      const due = after(clock.now(), OVERLAP);
      if (links.size === 0) alarm.set(due);
      links.set(link, due);
    },
    delete: (link) => void links.delete(link),
    async [Symbol.asyncDispose]() {
      alarm[Symbol.dispose]();
      await Promise.all([...links.keys()].map((link) => link[Symbol.asyncDispose]()));
    },
  };
}

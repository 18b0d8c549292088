/**
 * What this box does as host, and what it does because of what the host says.
 *
 * Takes  the control document, and each turn of the session: who stands where.
 * Gives  the host's word, kept up when another box becomes host; boxes that are put out; boxes that overreach.
 * Keeps  how often each box has lately written what was not its to write.
 */
import type { BoxId } from '../core/ensemble.ts';
import { elapsed, fromSeconds, type Instant } from '../core/time.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { ControlDocument } from './control-document.ts';
import { HOST_ONLY, LOCKABLE } from './control-values.ts';
import { type Standing, standing, type View } from './membership.ts';

export interface HostDuties {
  /** What follows from who hosts. `level`: the documents are level with those of all peers. */
  turn(standing: Standing, level: boolean, now: Instant): void;
  /** That box has said something under that key. True: it has overreached too often, and is to be cut off. */
  overreaches(author: BoxId, key: string, now: Instant): boolean;
}

/** Whoever writes what is the host's can have missed that it is not host any more; but not time and again. */
const FORGIVEN_AT_ONCE = 6;
const FORGIVEN_PER_SECOND = 0.2;
/** A change of hosts is known to everybody after this. */
const CHANGING = fromSeconds(10);

export function openHostDuties(init: {
  readonly self: BoxId;
  readonly control: ControlDocument;
}): HostDuties {
  const { self, control } = init;
  const forgiven = new Map<BoxId, TokenBucket>();
  let host: BoxId | undefined;
  let others: ReadonlySet<BoxId> = new Set();
  let changedAt: Instant | undefined;

  return {
    turn(standing, level, now) {
      if (host !== standing.host) changedAt = now;
      host = standing.host;
      others = new Set(standing.authority.hosts.map(({ box }) => box));
      if (!level) return;
      if (host !== self) {
        // The one it stood in for is back, or another one does.
        if (control.registers.get(self)?.standsIn?.value) control.set({ standsIn: false });
        return;
      }
      if (standing.hostVacant) return;
      const { reference } = standing.authority;
      if (reference && !standing.referenceVacant) control.set({ reference });
      control.adopt(control.state.locked ? [...HOST_ONLY, ...LOCKABLE] : HOST_ONLY);
    },
    overreaches(author, key, now) {
      if (changedAt === undefined || elapsed(changedAt, now) < CHANGING) return false;
      if (author === host || others.has(author)) return false;
      const hosts: readonly string[] = HOST_ONLY;
      const lockable: readonly string[] = LOCKABLE;
      const wrong = hosts.includes(key) || (control.state.locked && lockable.includes(key));
      if (!wrong) return false;
      const allowed =
        forgiven.get(author) ?? new TokenBucket(FORGIVEN_PER_SECOND, FORGIVEN_AT_ONCE);
      forgiven.set(author, allowed);
      return !allowed.take(1, now);
    },
  };
}

/**
 * Before this box, who hosts by right, enters again: what holds while it is away is to hold when it is back. `view` is
 * its own, with links to others already.
 */
export function resumeHosting(control: ControlDocument, view: View): void {
  const { box } = view.self;
  const [other] = view.linked;
  const entry = other && view.entries.get(other);
  if (view.chain.at(-1)?.box !== box || !other || !entry) return;
  const entries = new Map([...view.entries].filter(([id]) => id !== box));
  const linked = new Set(entry.links.filter((id) => id !== box));
  const away = standing({ ...view, self: { box: other, boot: entry.boot }, entries, linked });
  control.authority = away.authority;
  const { reference } = away.authority;
  if (reference && !away.referenceVacant) control.set({ reference });
  if (control.state.locked) control.adopt(LOCKABLE);
}

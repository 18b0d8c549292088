/** What a player is told of what others did: the host to this box, or somebody against the rules. Pure. */
import type { BoxId, EnsembleContext } from '../core/ensemble.ts';
import type { LinkEnd } from '../transport/link/link-state.ts';
import type { SessionNotice } from './session.ts';

/** Since the last snapshot. */
export function hostNotices(
  box: BoxId,
  before: EnsembleContext | undefined,
  now: EnsembleContext,
): readonly SessionNotice[] {
  if (!before) return [];
  const notices: SessionNotice[] = [];
  const [own] = now.participants;
  if (own && own.muted !== before.participants[0]?.muted) {
    notices.push(
      own.muted
        ? { kind: 'muted', text: 'the host has muted you: nobody hears what you play' }
        : { kind: 'unmuted', text: 'you are heard again' },
    );
  }
  if (now.host === box && before.host !== box) {
    notices.push({ kind: 'hosting', text: 'you host the session now' });
  }
  return notices;
}

/** Undefined: a link ended as links do. */
export function brokenRule(name: string, end: LinkEnd): string | undefined {
  if (end.kind === 'cut') {
    return `"${name}" was cut off, as it broke a rule of the session (${end.reason}); it may come back in half a minute`;
  }
  if (end.kind === 'bye' && end.code === 'misbehaved') {
    return `"${name}" has cut this box off (${end.text}); update both boxes, and try again in half a minute`;
  }
  return undefined;
}

/**
 * What a player should be told of a change in the session: in a word, or not at all. Pure.
 *
 * Links that come and go are shown on the live screen, where they are looked for; they interrupt nothing.
 */
import type { EnsembleContext } from '../core/ensemble.ts';

/** Undefined: nothing to tell. */
export function sessionNews(
  before: EnsembleContext | undefined,
  now: EnsembleContext | undefined,
): string | undefined {
  if (before === undefined || now === undefined || before.session !== now.session) return undefined;
  if (before.host === now.host) return undefined;
  const host = now.participants.find(({ id }) => id === now.host);
  if (host === undefined) return undefined;
  return host.self ? 'You host now' : `${host.name || 'Another box'} hosts now`;
}

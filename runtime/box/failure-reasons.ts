/**
 * Which of the panel's failure screens fits what a wish was rejected with. Pure.
 */
import { PortError } from '../core/errors.ts';
import { JoinFailure, type JoinFailureReason } from '../core/join-failure.ts';

interface Explained {
  readonly reason: JoinFailureReason;
  readonly who?: string | undefined;
  readonly wait?: JoinFailure['wait'];
}

/** What a box without a network says of those that it can't reach would blame them for it. */
const FOR_WANT_OF_NETWORK: ReadonlySet<JoinFailureReason> = new Set<JoinFailureReason>([
  'hostGone',
  'serverUnreachable',
  'tookTooLong',
]);

/**
 * `invited`: by a link, where what is not there may be the invitation as well as the host. Undefined: there is no screen
 * for it, and the error's own words are to be shown.
 */
export function explainFailure(
  failure: unknown,
  { online, invited }: { readonly online: boolean; readonly invited: boolean },
): Explained | undefined {
  const known = explain(failure, invited);
  if (known === undefined || online || !FOR_WANT_OF_NETWORK.has(known.reason)) return known;
  return { reason: 'noNetwork' };
}

function explain(failure: unknown, invited: boolean): Explained | undefined {
  if (failure instanceof JoinFailure) return failure;
  if (!(failure instanceof PortError)) return undefined;
  switch (failure.code) {
    case 'disconnected':
      return { reason: 'hostGone' };
    case 'unavailable':
      return invited ? undefined : { reason: 'hostGone' };
    case 'full':
      return { reason: 'full' };
    case 'closed':
    case 'busy':
    case 'denied':
    case 'invalid':
      return undefined;
  }
}

/**
 * Why a box doesn't link with another one, in words for people that say what to do. They are shown at the far end, too.
 */
import type { Micros } from '../../core/time.ts';
import type { Refusal } from './link-message.ts';

export const REFUSED = {
  version: (ours: number, theirs: number): Refusal => ({
    code: 'version',
    text: `the boxes speak different versions of the link: ${ours} and ${theirs}; update the older one`,
  }),
  session: (): Refusal => ({
    code: 'session',
    text: 'that session is not played here any more; choose it from the list again',
  }),
  sameBox: (): Refusal => ({ code: 'duplicate', text: 'this is the same box' }),
  removed: (): Refusal => ({
    code: 'removed',
    text: 'the host has put this box out of the session; ask the host to let it back in',
  }),
  removedPeer: (): Refusal => ({
    code: 'removed',
    text: 'the host has put the box that answers out of the session',
  }),
  askHost: (): Refusal => ({
    code: 'askHost',
    text: 'this box doesn’t host the session: only the host lets new boxes in',
  }),
  chainFull: (): Refusal => ({
    code: 'askHost',
    text: 'this host can’t let more boxes in: let whoever made the session host it again',
  }),
  codeNeeded: (): Refusal => ({
    code: 'codeNeeded',
    text: 'a code is needed to come in: join from the front panel',
  }),
  codeWrong: (wait?: Micros): Refusal => ({
    code: 'codeWrong',
    text: 'the code was wrong, and no try is left; ask for another code later',
    ...(wait === undefined ? {} : { wait }),
  }),
  codeExpired: (): Refusal => ({
    code: 'codeExpired',
    text: 'the code was not entered in time; join again for another one',
  }),
  codeLocked: (wait: Micros): Refusal => ({
    code: 'codeLocked',
    text: 'too many wrong codes were entered: the host shows no code for a while',
    wait,
  }),
  declined: (wait?: Micros): Refusal => ({
    code: 'declined',
    text: 'the host did not let this box in',
    ...(wait === undefined ? {} : { wait }),
  }),
  busy: (wait: Micros): Refusal => ({
    code: 'busy',
    text: 'the host is letting somebody else in; try again in a moment',
    wait,
  }),
  keyChanged: (): Refusal => ({
    code: 'keyChanged',
    text: 'another box answers than the one that was here: its key is a different one; join by a code if that is right',
  }),
  /** Signatures over the connection don't hold. */
  intercepted: (): Refusal => ({
    code: 'notProven',
    text: 'the two boxes don’t see the same connection: somebody may be in between; don’t go on in this network',
  }),
  wrongId: (): Refusal => ({
    code: 'notProven',
    text: 'the box that answers says it is another one: its key doesn’t fit its name',
  }),
  notMember: (): Refusal => ({
    code: 'notProven',
    text: 'the proof of being in this session doesn’t hold; join it anew',
  }),
  notTrusted: (): Refusal => ({
    code: 'notProven',
    text: 'the box that answers could not show that it is the one that was meant; join by a code',
  }),
  notEncrypted: (): Refusal => ({
    code: 'notProven',
    text: 'the connection is not encrypted; set link.security to the same on both boxes',
  }),
} as const;

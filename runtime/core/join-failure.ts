/**
 * Why a session was not joined, as a word that the panel has a screen for. The message is for people, as of any PortError.
 */
import { PortError, type PortErrorCode } from './errors.ts';
import type { Micros } from './time.ts';

export type JoinFailureReason =
  /** The last try was wrong, too. */
  | 'wrongCode'
  /** Nobody entered the code in time. */
  | 'codeExpired'
  /** Too many wrong codes: the host shows none until `wait` is over. */
  | 'locked'
  /** The host said no. */
  | 'declined'
  /** The host is letting somebody else in just now. */
  | 'busy'
  /** Nobody answers where the session was, or whoever did hung up. */
  | 'hostGone'
  /** Members answer, but only the host lets strangers in, and it is away. */
  | 'askHost'
  | 'full'
  /** The host removed this box. */
  | 'removed'
  /** A box that this one knows has come back with another key. */
  | 'keyChanged'
  /** The two ends of the link see different ones: somebody is in between. */
  | 'intercepted'
  | 'noNetwork'
  /** The control plane can't be reached. */
  | 'serverUnreachable'
  | 'version'
  | 'tookTooLong';

const CODES: Readonly<Record<JoinFailureReason, PortErrorCode>> = {
  wrongCode: 'denied',
  codeExpired: 'denied',
  locked: 'denied',
  declined: 'denied',
  busy: 'busy',
  hostGone: 'disconnected',
  askHost: 'denied',
  full: 'full',
  removed: 'denied',
  keyChanged: 'denied',
  intercepted: 'denied',
  noNetwork: 'unavailable',
  serverUnreachable: 'unavailable',
  version: 'denied',
  tookTooLong: 'unavailable',
};

export interface JoinFailureFacts {
  /** Name of the box or server that it is about. */
  readonly who?: string;
  /** How long to wait before it is worth another try. */
  readonly wait?: Micros;
  readonly cause?: unknown;
}

export class JoinFailure extends PortError {
  readonly reason: JoinFailureReason;
  readonly who: string | undefined;
  readonly wait: Micros | undefined;

  constructor(reason: JoinFailureReason, message: string, facts: JoinFailureFacts = {}) {
    super(CODES[reason], message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.reason = reason;
    this.who = facts.who;
    this.wait = facts.wait;
  }
}

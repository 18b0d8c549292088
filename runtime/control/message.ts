/**
 * What a box and the server say to each other in text frames. PROTOCOL.md says what each is for.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import type { DirectoryEntry } from './control-plane.ts';

/** Those that get exactly one answer, with their `id`. */
export type BoxRequest =
  | {
      readonly type: 'signal';
      readonly id: number;
      readonly to: BoxId;
      readonly message: Uint8Array;
    }
  | { readonly type: 'ice'; readonly id: number }
  | { readonly type: 'publish'; readonly id: number; readonly entry: DirectoryEntry | null }
  | { readonly type: 'invite'; readonly id: number }
  | { readonly type: 'revoke'; readonly id: number; readonly code: string }
  | { readonly type: 'open'; readonly id: number; readonly code: string }
  | { readonly type: 'find'; readonly id: number; readonly session: SessionId }
  | { readonly type: 'tunnel'; readonly id: number; readonly to: BoxId };

export interface SignIn {
  readonly type: 'sign-in';
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
  /** For the log: `togthr 0.1.0`. */
  readonly software: string;
}

export type BoxMessage =
  | SignIn
  | BoxRequest
  | { readonly type: 'accept'; readonly tunnel: string }
  | { readonly type: 'ping' }
  | TunnelMessage;

/** Both ways. */
export type TunnelMessage =
  | { readonly type: 'close'; readonly tunnel: string; readonly reason: string }
  | { readonly type: 'credit'; readonly tunnel: string; readonly octets: number };

export type ServerAnswer =
  | { readonly type: 'done'; readonly id: number }
  | {
      readonly type: 'refused';
      readonly id: number;
      readonly code: RefusalCode;
      readonly reason: string;
    }
  | {
      readonly type: 'ice';
      readonly id: number;
      readonly servers: readonly IceServerEntry[];
      /** Seconds. */
      readonly lasts: number;
    }
  | {
      readonly type: 'invitation';
      readonly id: number;
      readonly code: string;
      readonly expiresAt: number;
    }
  | { readonly type: 'entry'; readonly id: number; readonly entry: DirectoryEntry | null }
  | { readonly type: 'opened'; readonly id: number; readonly tunnel: string };

export interface IceServerEntry {
  readonly url: string;
  readonly username?: string | undefined;
  readonly credential?: string | undefined;
}

export type ServerMessage =
  | {
      readonly type: 'challenge';
      readonly protocol: number;
      readonly server: string;
      readonly nonce: Uint8Array;
    }
  | { readonly type: 'welcome'; readonly box: BoxId; readonly software: string }
  | ServerAnswer
  | { readonly type: 'signal'; readonly from: BoxId; readonly message: Uint8Array }
  | { readonly type: 'asked'; readonly tunnel: string; readonly from: BoxId }
  | { readonly type: 'pong' }
  | TunnelMessage;

export const REFUSAL_CODES = ['invalid', 'unavailable', 'denied', 'full', 'busy'] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export const PROTOCOL_VERSION = 1;

/** Close codes beside those of RFC 6455 (PROTOCOL.md, "How a connection ends"). */
export const CLOSE_CODES = {
  goingAway: 1001,
  tryLater: 1013,
  malformed: 4000,
  wrongSignature: 4001,
  replaced: 4002,
  tooMany: 4003,
  noAccount: 4004,
  tooSlow: 4005,
  silent: 4006,
} as const;

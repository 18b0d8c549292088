/**
 * One peer of a document's sync: what it is told, what it may say. FORMAT.md, "channels 1 and 2".
 *
 * Takes  frames of y-protocols' sync protocol; changes to be told.
 * Gives  frames to the peer, and admitted changes to the document.
 * Keeps  what is to be passed on later. A peer that breaks a rule is cut off with the reason.
 * Lane   3.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from 'y-protocols/sync';
import type { BoxId } from '../core/ensemble.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentGate } from './document-gate.ts';
import { type DocumentValue, encodeUpdate } from './document-update.ts';
import type { SignedDocument } from './signed-document.ts';
import { firstOf, partsOf, placeOf, updatesOf } from './update-parts.ts';

export const MAX_UPDATE = 65_536;
/** What is passed on to a peer is less than it takes (Peer), whatever came from elsewhere: what is beyond comes later. */
const PASSED_ON_PER_SECOND = 20_480;
const PASSED_ON_AT_ONCE = 524_288;

/** The part of a Link that syncing needs. */
export interface SyncLink {
  readonly peer: { readonly box: BoxId };
  send(channel: number, frame: Uint8Array): boolean;
  cut(reason: string): void;
}

export interface SyncPeer extends Disposable {
  /** Never throws. */
  receive(frame: Uint8Array): void;
  /** All that the far end had when it was asked is here. */
  readonly synced: boolean;
}

/** What a box may still send, and be sent: the same over another link, as a new link costs it nothing. */
export class Allowance {
  readonly changes: TokenBucket = new TokenBucket(100, 400);
  /** Much at once, when it brings us level; little later on, as we pass it on to others. */
  readonly octets: TokenBucket = new TokenBucket(32_768, 1_048_576);
  readonly verifications: TokenBucket = new TokenBucket(200, 2_048);
  /** Octets that may be passed on to it. */
  readonly passedOn: TokenBucket = new TokenBucket(PASSED_ON_PER_SECOND, PASSED_ON_AT_ONCE);
}

interface PeerInit {
  readonly document: SignedDocument;
  readonly gate: DocumentGate;
  readonly channel: number;
  /** Told when `synced` becomes true. */
  readonly onSynced?: () => void;
  readonly link: SyncLink;
  readonly clock: Clock;
  readonly allowance: Allowance;
  /** Said by this box, or one that it has a link to. */
  readonly isNear: (value: DocumentValue) => boolean;
  /** Something was postponed. */
  readonly onLate: () => void;
}

export class Peer implements SyncPeer {
  readonly box: BoxId;
  readonly #init: PeerInit;
  readonly #link: SyncLink;
  readonly #clock: Clock;
  readonly #onGone: () => void;
  readonly #allowance: Allowance;
  /** Whole states: step 1 and step 2. */
  readonly #rounds = new TokenBucket(1, 16);
  /** By place, what is to be passed on later. */
  readonly #postponed = new Map<string, DocumentValue>();
  /** It has had step 2, and may be told changes. */
  #answered = false;
  #synced = false;
  #gone = false;

  constructor(init: PeerInit, onGone: () => void) {
    this.box = init.link.peer.box;
    this.#init = init;
    this.#allowance = init.allowance;
    this.#link = init.link;
    this.#clock = init.clock;
    this.#onGone = onGone;
  }

  get synced(): boolean {
    return this.#synced;
  }

  start(): void {
    this.#send(messageYjsSyncStep1, this.#init.document.stateVector());
  }

  /** `frame`: one of `changeFrames`. */
  tell(frame: Uint8Array): void {
    if (this.#answered && !this.#gone) this.#link.send(this.#init.channel, frame);
  }

  /** Whether so much may be passed on now. */
  takes(frames: readonly Uint8Array[]): boolean {
    const octets = frames.reduce((sum, frame) => sum + frame.length, 0);
    return this.#allowance.passedOn.take(octets, this.#clock.now());
  }

  postpone(values: readonly DocumentValue[]): void {
    if (!this.#answered) return;
    for (const value of values) this.#postponed.set(placeOf(value), value);
  }

  /** Passes on what was postponed, as far as may be; true: nothing is left. */
  catchUp(): boolean {
    for (const part of partsOf([...this.#postponed.values()])) {
      const frame = frameOf(messageYjsUpdate, encodeUpdate(part));
      if (!this.takes([frame])) return false;
      for (const value of part) this.#postponed.delete(placeOf(value));
      this.tell(frame);
    }
    return true;
  }

  receive(frame: Uint8Array): void {
    if (this.#gone) return;
    const fault = this.#read(frame);
    if (fault === undefined) return;
    this[Symbol.dispose]();
    this.#link.cut(fault);
  }

  [Symbol.dispose](): void {
    this.#gone = true;
    this.#onGone();
  }

  #read(frame: Uint8Array): string | undefined {
    const now = this.#clock.now();
    if (!this.#allowance.octets.take(frame.length, now)) return 'rate';
    const message = readMessage(frame);
    if (!message) return 'malformed';
    const { kind, body } = message;
    const allowed = kind === messageYjsUpdate ? this.#allowance.changes : this.#rounds;
    if (!allowed.take(1, now)) return 'rate';
    switch (kind) {
      case messageYjsSyncStep1:
        return this.#answer(body);
      case messageYjsSyncStep2:
        return this.#admit(body, true);
      case messageYjsUpdate:
        return this.#admit(body, false);
      default:
        return 'malformed';
    }
  }

  #answer(stateVector: Uint8Array): string | undefined {
    let missing: readonly DocumentValue[];
    try {
      missing = this.#init.document.missingIn(stateVector);
    } catch {
      // A state vector that ends early or counts beyond its octets; nothing was changed.
      return 'malformed';
    }
    const [now, rest] = firstOf(missing, this.#init.isNear);
    const updates = updatesOf(now);
    const last = updates.pop() ?? encodeUpdate([]);
    for (const update of updates) this.#send(messageYjsUpdate, update);
    this.#send(messageYjsSyncStep2, last);
    this.#answered = true;
    this.#postponed.clear();
    if (rest.length === 0) return undefined;
    this.postpone(rest);
    this.#init.onLate();
    return undefined;
  }

  #admit(update: Uint8Array, whole: boolean): string | undefined {
    if (update.length > MAX_UPDATE) return 'oversize';
    const now = this.#clock.now();
    const mayVerify = (): boolean => this.#allowance.verifications.take(1, now);
    const admission = this.#init.gate.admit(update, this, mayVerify);
    if (admission !== 'applied') return admission;
    if (whole && !this.#synced) {
      this.#synced = true;
      this.#init.onSynced?.();
    }
    return undefined;
  }

  #send(kind: number, body: Uint8Array): void {
    if (!this.#gone) this.#link.send(this.#init.channel, frameOf(kind, body));
  }
}

/** Values cut into as many changes as it takes: the same frames for every peer that is told of them. */
export const changeFrames = (values: readonly DocumentValue[]): Uint8Array[] =>
  updatesOf(values).map((update) => frameOf(messageYjsUpdate, update));

function frameOf(kind: number, body: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  encoding.writeVarUint8Array(encoder, body);
  return encoding.toUint8Array(encoder);
}

function readMessage(frame: Uint8Array): { kind: number; body: Uint8Array } | undefined {
  // Of its own length: lib0 and Yjs would read beyond a view's end, into what lies behind it in the buffer.
  const alone = frame.length === frame.buffer.byteLength;
  const decoder = decoding.createDecoder(alone ? frame : frame.slice());
  try {
    const kind = decoding.readVarUint(decoder);
    const body = decoding.readVarUint8Array(decoder);
    return decoding.hasContent(decoder) ? undefined : { kind, body };
  } catch {
    // lib0 throws when the octets end early.
    return undefined;
  }
}

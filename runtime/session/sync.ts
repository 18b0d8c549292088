/**
 * Keeps one shared document level with those at the far ends of links. FORMAT.md, "channels 1 and 2".
 *
 * Takes  frames of y-protocols' sync protocol from peers; changes of the document from anyone.
 * Gives  frames to peers, and every admitted change to the document; passes on what came from elsewhere.
 * Keeps  what each peer may still send. One that breaks a rule is cut off with the reason.
 * Lane   3.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import {
  messageYjsSyncStep1,
  messageYjsSyncStep2,
  messageYjsUpdate,
  writeSyncStep1,
  writeSyncStep2,
  writeUpdate,
} from 'y-protocols/sync';
import * as Y from 'yjs';
import { after, fromMillis, type Instant } from '../core/time.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentGate } from './document-gate.ts';

export const MAX_UPDATE = 65_536;
/** Changes of this long are sent as one. */
const GATHER = fromMillis(20);

/** The part of a Link that syncing needs. */
export interface SyncLink {
  send(channel: number, frame: Uint8Array): boolean;
  cut(reason: string): void;
}

export interface DocumentSync extends Disposable {
  /** Begins to bring the far end level. Disposing the peer ends it. */
  attach(link: SyncLink): SyncPeer;
  /** Sends what is still gathered, now. */
  flush(): void;
}

interface SyncPeer extends Disposable {
  /** Never throws. */
  receive(frame: Uint8Array): void;
  /** All that the far end had when it was asked is here. */
  readonly synced: boolean;
}

export interface SyncInit {
  readonly doc: Y.Doc;
  readonly gate: DocumentGate;
  readonly channel: number;
  /** Told when a peer's `synced` becomes true. */
  readonly onSynced?: () => void;
}

interface Change {
  readonly update: Uint8Array;
  readonly origin: unknown;
}

export function openDocumentSync(deps: { readonly clock: Clock }, init: SyncInit): DocumentSync {
  const { clock } = deps;
  const { doc } = init;
  const peers = new Set<Peer>();
  let gathered: Change[] = [];
  let flushedAt = clock.now();

  const flush = (): void => {
    alarm.clear();
    if (gathered.length === 0) return;
    const changes = gathered;
    gathered = [];
    flushedAt = clock.now();
    // Whole, or not at all: without what came from a peer itself, the rest could have gaps.
    const update = Y.mergeUpdates(changes.map((change) => change.update));
    // Sending may end a link, and so change the set.
    for (const peer of [...peers]) {
      if (changes.some(({ origin }) => origin !== peer)) peer.tell(update);
    }
  };
  const alarm = clock.alarm(flush);

  const gather = (update: Uint8Array, origin: unknown): void => {
    if (peers.size === 0) return;
    if (gathered.length === 0) {
      alarm.set(Math.max(clock.now(), after(flushedAt, GATHER)) as Instant);
    }
    gathered.push({ update, origin });
  };
  doc.on('update', gather);

  return {
    attach(link) {
      const peer = new Peer(init, link, clock, () => peers.delete(peer));
      peers.add(peer);
      peer.start();
      return peer;
    },
    flush,
    [Symbol.dispose]() {
      doc.off('update', gather);
      alarm[Symbol.dispose]();
      peers.clear();
    },
  };
}

class Peer implements SyncPeer {
  readonly #init: SyncInit;
  readonly #link: SyncLink;
  readonly #clock: Clock;
  readonly #onGone: () => void;
  readonly #changes: TokenBucket;
  readonly #octets: TokenBucket;
  /** Whole states: step 1, step 2, and asking again. */
  readonly #rounds: TokenBucket;
  /** It has had step 2, and may be told changes. */
  #answered = false;
  #synced = false;
  #gone = false;

  constructor(init: SyncInit, link: SyncLink, clock: Clock, onGone: () => void) {
    this.#init = init;
    this.#link = link;
    this.#clock = clock;
    this.#onGone = onGone;
    this.#changes = new TokenBucket(100, 400);
    this.#octets = new TokenBucket(131_072, 1_048_576);
    this.#rounds = new TokenBucket(2, 16);
  }

  get synced(): boolean {
    return this.#synced;
  }

  start(): void {
    this.#send((encoder) => writeSyncStep1(encoder, this.#init.doc));
  }

  tell(update: Uint8Array): void {
    if (!this.#answered || this.#gone) return;
    this.#send((encoder) => {
      if (update.length <= MAX_UPDATE) writeUpdate(encoder, update);
      else writeStep2(encoder, update);
    });
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
    if (!this.#octets.take(frame.length, now)) return 'rate';
    const message = readMessage(frame);
    if (!message) return 'malformed';
    const { kind, body } = message;
    const allowed = kind === messageYjsUpdate ? this.#changes : this.#rounds;
    if (!allowed.take(1, now)) return 'rate';
    switch (kind) {
      case messageYjsSyncStep1:
        return this.#answer(body);
      case messageYjsSyncStep2:
        return this.#admit(body, true);
      case messageYjsUpdate:
        return body.length > MAX_UPDATE ? 'oversize' : this.#admit(body, false);
      default:
        return 'malformed';
    }
  }

  #answer(stateVector: Uint8Array): string | undefined {
    const encoder = encoding.createEncoder();
    try {
      writeSyncStep2(encoder, this.#init.doc, stateVector);
    } catch {
      // A state vector that ends early or counts beyond its octets; nothing was changed.
      return 'malformed';
    }
    this.#answered = true;
    this.#link.send(this.#init.channel, encoding.toUint8Array(encoder));
    return undefined;
  }

  #admit(update: Uint8Array, whole: boolean): string | undefined {
    const admission = this.#init.gate.admit(update, this);
    if (admission === 'incomplete') {
      if (!this.#rounds.take(1, this.#clock.now())) return 'rate';
      this.start();
      return undefined;
    }
    if (admission !== 'applied') return admission;
    if (whole && !this.#synced) {
      this.#synced = true;
      this.#init.onSynced?.();
    }
    return undefined;
  }

  #send(write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    write(encoder);
    this.#link.send(this.#init.channel, encoding.toUint8Array(encoder));
  }
}

/** As y-protocols' writeSyncStep2, for an update that is there already. */
function writeStep2(encoder: encoding.Encoder, update: Uint8Array): void {
  encoding.writeVarUint(encoder, messageYjsSyncStep2);
  encoding.writeVarUint8Array(encoder, update);
}

function readMessage(frame: Uint8Array): { kind: number; body: Uint8Array } | undefined {
  // A copy of its own length: lib0 and Yjs would read beyond a view's end, into what lies behind it in the buffer.
  const decoder = decoding.createDecoder(frame.slice());
  try {
    const kind = decoding.readVarUint(decoder);
    const body = decoding.readVarUint8Array(decoder);
    return decoding.hasContent(decoder) ? undefined : { kind, body };
  } catch {
    // lib0 throws when the octets end early.
    return undefined;
  }
}

/**
 * Keeps one shared document level with those at the far ends of links. FORMAT.md, "channels 1 and 2".
 *
 * Takes  frames of y-protocols' sync protocol from peers; changes of the document from anyone.
 * Gives  frames to peers, and every admitted change to the document; passes on what came from elsewhere to those who have
 *        no link to its author.
 * Keeps  what each peer may still send. One that breaks a rule is cut off with the reason.
 * Lane   3.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from 'y-protocols/sync';
import type { BoxId } from '../core/ensemble.ts';
import { after, before, fromMillis, fromSeconds, type Instant } from '../core/time.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentGate } from './document-gate.ts';
import { type DocumentValue, encodeUpdate } from './document-update.ts';
import type { SignedDocument } from './signed-document.ts';

export const MAX_UPDATE = 65_536;
/** Values go into one update as long as it is no longer than this: a value is at most a quarter of it. */
const FULL_UPDATE = 49_152;
/** What is passed on to a peer is less than it takes (Peer), whatever came from elsewhere: what is beyond comes later. */
const PASSED_ON_PER_SECOND = 20_480;
const PASSED_ON_AT_ONCE = 524_288;
const LATER = fromMillis(500);
/** Of what a peer lacks it is told so much in answer to its question, and the rest as what is passed on. */
const ANSWER_OCTETS = 393_216;
const ANSWER_VALUES = 1_024;
/** Boxes of which it is remembered what they may still send, when their links go and come. */
const MAX_REMEMBERED = 128;
/** Changes of this long are sent as one. */
const GATHER = fromMillis(20);
/** After a link has ended somewhere, what got lost with it is asked for elsewhere. */
const ASK_AFTER_LOSS = fromMillis(500);
/** Where links go and come all the time, not more often than this. */
const ASK_ALL_PERIOD = fromSeconds(3);
/** And one peer in turn is asked as often as this, whatever happens. */
const ASK_ALWAYS = fromSeconds(10);

/** The part of a Link that syncing needs. */
export interface SyncLink {
  readonly peer: { readonly box: BoxId };
  send(channel: number, frame: Uint8Array): boolean;
  cut(reason: string): void;
}

export interface DocumentSync extends Disposable {
  /** Begins to bring the far end level. Disposing the peer ends it. */
  attach(link: SyncLink): SyncPeer;
  /** Sends what is still gathered, now. */
  flush(): void;
}

export interface SyncPeer extends Disposable {
  /** Never throws. */
  receive(frame: Uint8Array): void;
  /** All that the far end had when it was asked is here. */
  readonly synced: boolean;
}

export interface SyncInit {
  readonly document: SignedDocument;
  readonly gate: DocumentGate;
  readonly channel: number;
  /** Whether a peer hears of that author's changes without us; nobody does when it is left out. */
  readonly reaches?: (peer: BoxId, author: BoxId) => boolean;
  /** Told when a peer's `synced` becomes true. */
  readonly onSynced?: () => void;
}

export function openDocumentSync(deps: { readonly clock: Clock }, init: SyncInit): DocumentSync {
  const { clock } = deps;
  const { document } = init;
  const reaches = init.reaches ?? (() => false);
  const peers = new Set<Peer>();
  /** By place, who brought the last change of it. */
  let gathered = new Map<string, { readonly value: DocumentValue; readonly origin: unknown }>();
  let flushedAt = clock.now();
  let late = false;
  let asked = 0;

  const flush = (): void => {
    alarm.clear();
    if (gathered.size === 0) return;
    const changes = [...gathered.values()];
    gathered = new Map();
    flushedAt = clock.now();
    // Most go to everybody alike: made once.
    const frames = new Map<string, readonly Uint8Array[]>();
    // Sending may end a link, and so change the set.
    for (const peer of [...peers]) {
      const news = changes.filter(({ value, origin }) => {
        if (origin === peer) return false;
        const author = document.boxOf(value.root);
        return author === undefined || origin === undefined || !reaches(peer.box, author);
      });
      if (news.length === 0) continue;
      const name = news.map(({ value }) => value.client).join();
      const made = frames.get(name) ?? updatesOf(news.map(({ value }) => value));
      frames.set(name, made);
      const others = news.filter(({ origin }) => origin !== undefined);
      if (others.length === 0 || peer.takes(made)) {
        for (const update of made) peer.tell(update);
        continue;
      }
      const own = news.filter(({ origin }) => origin === undefined);
      for (const update of updatesOf(own.map(({ value }) => value))) peer.tell(update);
      peer.postpone(others.map(({ value }) => value));
      onLate();
    }
  };
  const alarm = clock.alarm(flush);
  const onLate = (): void => {
    if (!late) later.set(after(clock.now(), LATER));
    late = true;
  };
  const later = clock.alarm(() => {
    late = [...peers].filter((peer) => !peer.catchUp()).length > 0;
    if (late) later.set(after(clock.now(), LATER));
  });
  const allowances = new Map<BoxId, Allowance>();
  const allowanceOf = (box: BoxId): Allowance => {
    const allowance = allowances.get(box) ?? new Allowance();
    allowances.delete(box);
    allowances.set(box, allowance);
    const [first] = allowances.keys();
    if (allowances.size > MAX_REMEMBERED && first !== undefined) allowances.delete(first);
    return allowance;
  };
  const ask = clock.alarm(() => {
    const all = [...peers];
    if (all.length === 0) return;
    const next = all[asked++ % all.length];
    next?.start();
    ask.set(after(clock.now(), ASK_ALWAYS));
  });
  let askedAllAt = before(clock.now(), ASK_ALL_PERIOD);
  const askAll = clock.alarm(() => {
    askedAllAt = clock.now();
    for (const peer of [...peers]) peer.start();
  });

  const listening = document.onChange((values, origin) => {
    if (peers.size === 0) return;
    if (gathered.size === 0) {
      alarm.set(Math.max(clock.now(), after(flushedAt, GATHER)) as Instant);
    }
    for (const value of values) gathered.set(placeOf(value), { value, origin });
  });

  return {
    attach(link) {
      const allowance = allowanceOf(link.peer.box);
      const isNear = (value: DocumentValue): boolean => {
        const author = document.boxOf(value.root);
        return author === document.self || [...peers].some(({ box }) => box === author);
      };
      const peer = new Peer(init, { link, clock, allowance, isNear, onLate }, () => {
        if (!peers.delete(peer)) return;
        const soonest = after(clock.now(), ASK_AFTER_LOSS);
        const due = Math.max(soonest, after(askedAllAt, ASK_ALL_PERIOD)) as Instant;
        if (peers.size > 0) askAll.set(due);
      });
      if (peers.size === 0) ask.set(after(clock.now(), ASK_ALWAYS));
      peers.add(peer);
      peer.start();
      return peer;
    },
    flush,
    [Symbol.dispose]() {
      listening[Symbol.dispose]();
      for (const one of [alarm, later, ask, askAll]) one[Symbol.dispose]();
      peers.clear();
    },
  };
}

/** What a box may still send, and be sent: the same over another link, as a new link costs it nothing. */
class Allowance {
  readonly changes = new TokenBucket(100, 400);
  /** Much at once, when it brings us level; little later on, as we pass it on to others. */
  readonly octets = new TokenBucket(32_768, 1_048_576);
  readonly verifications = new TokenBucket(200, 2_048);
  /** Octets that may be passed on to it. */
  readonly passedOn = new TokenBucket(PASSED_ON_PER_SECOND, PASSED_ON_AT_ONCE);
}

interface PeerInit {
  readonly link: SyncLink;
  readonly clock: Clock;
  readonly allowance: Allowance;
  /** Said by this box, or one that it has a link to. */
  readonly isNear: (value: DocumentValue) => boolean;
  /** Something was postponed. */
  readonly onLate: () => void;
}

class Peer implements SyncPeer {
  readonly box: BoxId;
  readonly #init: SyncInit;
  readonly #link: SyncLink;
  readonly #clock: Clock;
  readonly #onGone: () => void;
  readonly #around: PeerInit;
  readonly #allowance: Allowance;
  /** Whole states: step 1 and step 2. */
  readonly #rounds = new TokenBucket(1, 16);
  /** By place, what is to be passed on later. */
  readonly #postponed = new Map<string, DocumentValue>();
  /** It has had step 2, and may be told changes. */
  #answered = false;
  #synced = false;
  #gone = false;

  constructor(init: SyncInit, around: PeerInit, onGone: () => void) {
    const { link, clock, allowance } = around;
    this.box = link.peer.box;
    this.#around = around;
    this.#allowance = allowance;
    this.#init = init;
    this.#link = link;
    this.#clock = clock;
    this.#onGone = onGone;
  }

  get synced(): boolean {
    return this.#synced;
  }

  start(): void {
    this.#send(messageYjsSyncStep1, this.#init.document.stateVector());
  }

  tell(update: Uint8Array): void {
    if (this.#answered) this.#send(messageYjsUpdate, update);
  }

  /** Whether so much may be passed on now. */
  takes(updates: readonly Uint8Array[]): boolean {
    const octets = updates.reduce((sum, update) => sum + update.length, 0);
    return this.#allowance.passedOn.take(octets, this.#clock.now());
  }

  postpone(values: readonly DocumentValue[]): void {
    if (!this.#answered) return;
    for (const value of values) this.#postponed.set(placeOf(value), value);
  }

  /** Passes on what was postponed, as far as may be; true: nothing is left. */
  catchUp(): boolean {
    for (const part of partsOf([...this.#postponed.values()])) {
      const update = encodeUpdate(part);
      if (!this.takes([update])) return false;
      for (const value of part) this.#postponed.delete(placeOf(value));
      this.tell(update);
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
    const [now, rest] = firstOf(missing, this.#around.isNear);
    const updates = updatesOf(now);
    const last = updates.pop() ?? encodeUpdate([]);
    for (const update of updates) this.#send(messageYjsUpdate, update);
    this.#send(messageYjsSyncStep2, last);
    this.#answered = true;
    this.#postponed.clear();
    if (rest.length === 0) return undefined;
    this.postpone(rest);
    this.#around.onLate();
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
    if (this.#gone) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, kind);
    encoding.writeVarUint8Array(encoder, body);
    this.#link.send(this.#init.channel, encoding.toUint8Array(encoder));
  }
}

/** Values are independent: they are cut into as many updates as it takes. */
const updatesOf = (values: readonly DocumentValue[]): Uint8Array[] =>
  partsOf(values).map(encodeUpdate);

function partsOf(values: readonly DocumentValue[]): DocumentValue[][] {
  const parts: DocumentValue[][] = [];
  let part: DocumentValue[] = [];
  let octets = 0;
  for (const value of values) {
    const length = encodeUpdate([value]).length;
    if (octets + length > FULL_UPDATE && part.length > 0) {
      parts.push(part);
      part = [];
      octets = 0;
    }
    part.push(value);
    octets += length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** As much as is told in one answer, those first that are near; and the rest. No session of honest boxes is that long. */
function firstOf(
  values: readonly DocumentValue[],
  isNear: (value: DocumentValue) => boolean,
): [readonly DocumentValue[], readonly DocumentValue[]] {
  let octets = 0;
  const fits = (count: number, value: DocumentValue): boolean => {
    octets += encodeUpdate([value]).length;
    return count < ANSWER_VALUES && octets <= ANSWER_OCTETS;
  };
  if (values.every((value, at) => fits(at, value))) return [values, []];
  octets = 0;
  const sorted = [...values].sort((a, b) => Number(isNear(b)) - Number(isNear(a)));
  const end = sorted.findIndex((value, at) => !fits(at, value));
  return [sorted.slice(0, end), sorted.slice(end)];
}

const placeOf = ({ root, key }: DocumentValue): string => `${root} ${key}`;

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

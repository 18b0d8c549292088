/**
 * Keeps one shared document level with those at the far ends of links. FORMAT.md, "channels 1 and 2".
 *
 * Takes  frames of y-protocols' sync protocol from peers; changes of the document from anyone.
 * Gives  frames to peers, and every admitted change to the document; passes on what came from elsewhere to those who have
 *        no link to its author.
 * Keeps  what each box may still send (sync-peer.ts).
 * Lane   3.
 */
import type { BoxId } from '../core/ensemble.ts';
import { after, before, fromMillis, fromSeconds, type Instant } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentGate } from './document-gate.ts';
import type { DocumentValue } from './document-update.ts';
import type { SignedDocument } from './signed-document.ts';
import { Allowance, changeFrames, Peer, type SyncLink, type SyncPeer } from './sync-peer.ts';
import { placeOf } from './update-parts.ts';

const LATER = fromMillis(500);
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

export interface DocumentSync extends Disposable {
  /** Begins to bring the far end level. Disposing the peer ends it. */
  attach(link: SyncLink): SyncPeer;
  /** Sends what is still gathered, now. */
  flush(): void;
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
      const made = frames.get(name) ?? changeFrames(news.map(({ value }) => value));
      frames.set(name, made);
      const others = news.filter(({ origin }) => origin !== undefined);
      if (others.length === 0 || peer.takes(made)) {
        for (const frame of made) peer.tell(frame);
        continue;
      }
      const own = news.filter(({ origin }) => origin === undefined);
      for (const frame of changeFrames(own.map(({ value }) => value))) peer.tell(frame);
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
      const peer = new Peer({ ...init, link, clock, allowance, isNear, onLate }, () => {
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

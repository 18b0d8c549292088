/**
 * Pipes between session documents: ordered frames that arrive when the virtual clock says so, or break, and then lose
 * what is on its way.
 */
import { createHash } from 'node:crypto';
import type { BoxId, SessionId } from '../../runtime/core/ensemble.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import type { Signatures } from '../../runtime/ports/signatures.ts';
import { type Identity, identityFrom } from '../../runtime/privacy/identity.ts';
import { type AuthoredValue, openSignedValues } from '../../runtime/privacy/signed-value.ts';
import type { GateDeps } from '../../runtime/session/document-gate.ts';
import {
  type DecodedUpdate,
  type DocumentValue,
  decodeUpdate,
} from '../../runtime/session/document-update.ts';
import {
  type DocumentLink,
  openSessionDocuments,
  type SessionDocuments,
  type StoredDocuments,
} from '../../runtime/session/documents.ts';
import type { WriteCounter } from '../../runtime/session/write-counter.ts';
import { LINK_PROTOCOL } from '../../runtime/transport/link/hello.ts';
import type { LinkEnd } from '../../runtime/transport/link/link-state.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import type { VirtualClock } from '../../sim/virtual-clock.ts';
import { contents as documentContents } from '../document-rig.ts';

export interface PipedPeer {
  readonly box: BoxId;
  documents: SessionDocuments;
  /** It may write: it has made the session, or has its documents. */
  entered: boolean;
}

export interface Pipe {
  /** Both ends learn of it; what is on its way is lost. */
  break(): void;
  readonly broken: boolean;
  /** What was sent, in both directions. */
  readonly frames: readonly { readonly channel: number; readonly kind: number | undefined }[];
}

/** As binding as signatures for whoever does not mean to forge them, and a hundredth of the cost. */
const quickSignatures: Signatures = {
  publicKeyOf: (seed) => hash('sha256', seed),
  sign: (seed, message) => hash('sha512', hash('sha256', seed), message),
  verify: (publicKey, message, signature) =>
    Buffer.from(hash('sha512', publicKey, message)).equals(signature),
};
/**
 * What all replicas of this process do with the same octets is done once: decoding them, and verifying what was signed.
 * By content: a value with anything else in it is another value.
 */
function openShared(): GateDeps {
  const decoded = new Bounded<string, DecodedUpdate>();
  const values = new Bounded<string, DocumentValue>();
  const frames = new WeakMap<ArrayBufferLike, DecodedUpdate>();
  const opened = new WeakMap<object, Map<string, AuthoredValue | undefined>>();
  const signedValues = openSignedValues({ signatures: quickSignatures }, { kept: 0 });
  const same = (value: DocumentValue): DocumentValue =>
    values.get(JSON.stringify(value), () => value);
  return {
    decode(update) {
      // One frame that went to several has one buffer, with one update in it.
      const known = frames.get(update.buffer);
      if (known) return known;
      const outcome = decoded.get(Buffer.from(update).toString('latin1'), () => {
        const fresh = decodeUpdate(update);
        return fresh.ok ? { ok: true, values: fresh.values.map(same) } : fresh;
      });
      frames.set(update.buffer, outcome);
      return outcome;
    },
    signedValues: {
      open(place, stored) {
        if (typeof stored !== 'object' || stored === null) return signedValues.open(place, stored);
        const outcomes = opened.get(stored) ?? new Map<string, AuthoredValue | undefined>();
        opened.set(stored, outcomes);
        const { session, root, key, client, clock } = place;
        const name = `${session} ${root} ${key} ${client} ${clock}`;
        if (!outcomes.has(name)) outcomes.set(name, signedValues.open(place, stored));
        return outcomes.get(name);
      },
    },
  };
}

/** The latest outcomes. */
class Bounded<K, V> {
  readonly #kept = new Map<K, V>();

  get(key: K, make: () => V): V {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#kept.set(key, made);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_SHARED && oldest !== undefined) this.#kept.delete(oldest);
    return made;
  }
}

const MAX_SHARED = 8_192;
const shared = openShared();
const identities = new Map<number, Identity>();
const SESSION = '0'.repeat(32) as SessionId;

export function identityAt(place: number): Identity {
  const known = identities.get(place);
  if (known) return known;
  const made = identityFrom(quickSignatures, seededRandomness(`peer ${place}`).bytes(32));
  identities.set(place, made);
  return made;
}

/** `counter` outlives the peer's starts. `stored`: what was kept of its documents. */
export const openPeer = (
  clock: VirtualClock,
  place: number,
  counter: WriteCounter,
  init: { readonly session?: SessionId; readonly stored?: StoredDocuments | undefined } = {},
): PipedPeer => {
  const identity = identityAt(place);
  const { session = SESSION, stored } = init;
  const documents = openSessionDocuments(
    { clock, identity, signatures: quickSignatures, counter, shared },
    { session, stored },
  );
  return { box: identity.box, documents, entered: false };
};

function hash(algorithm: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const sum = createHash(algorithm);
  for (const part of parts) sum.update(part);
  return Uint8Array.from(sum.digest());
}

/** `cuts` collects what an end was cut off for. */
export function openPipe(
  clock: VirtualClock,
  randomness: Randomness,
  ends: readonly [PipedPeer, PipedPeer],
  cuts: string[],
): Pipe {
  let broken = false;
  const sent: { channel: number; kind: number | undefined }[] = [];
  const sides = ends.map((end, index) => {
    const peer = ends[1 - index] as PipedPeer;
    return side(end, peer.box);
  });
  function breakAll(): void {
    if (broken) return;
    broken = true;
    for (const { closed } of sides) closed.emit({ kind: 'lost' });
  }
  function side(_end: PipedPeer, peer: BoxId) {
    const frames = new Listeners<[channel: number, frame: Uint8Array]>();
    const closed = new Listeners<[end: LinkEnd]>();
    const queue: { readonly due: Instant; readonly channel: number; readonly frame: Uint8Array }[] =
      [];
    const alarm = clock.alarm(() => {
      for (let first = queue[0]; first && first.due <= clock.now(); first = queue[0]) {
        queue.shift();
        if (!broken) frames.emit(first.channel, first.frame);
      }
      if (queue[0]) alarm.set(queue[0].due);
    });
    const link: DocumentLink = {
      peer: {
        protocol: LINK_PROTOCOL,
        box: peer,
        session: SESSION,
        name: '',
        rtpPort: 0,
        ssrc: 0,
        linkPort: 0,
        boot: 0,
        seenAs: '',
      },
      send(channel, frame) {
        if (broken) return false;
        sent.push({ channel, kind: frame[0] });
        // Not copied: nobody writes into a frame.
        other(link).receive(channel, frame);
        return true;
      },
      cut(reason) {
        cuts.push(reason);
        breakAll();
      },
      onFrame: (listener) => frames.add(listener),
      onClosed: (listener) => closed.add(listener),
    };
    return {
      link,
      closed,
      receive(channel: number, frame: Uint8Array) {
        const last = queue.at(-1)?.due ?? 0;
        const due = Math.max(last, clock.now() + (randomness.uint32() % 40_000)) as Instant;
        queue.push({ due, channel, frame });
        if (queue.length === 1) alarm.set(due);
      },
    };
  }
  function other(link: DocumentLink) {
    const far = sides.find((one) => one.link !== link);
    if (!far) throw new Error('a pipe has two ends');
    return far;
  }
  for (const [index, end] of ends.entries()) {
    const own = sides[index];
    if (!own) continue;
    const level = end.documents.attach(own.link);
    level.onSynced(() => {
      end.entered = true;
    });
  }
  return {
    break: breakAll,
    get broken() {
      return broken;
    },
    frames: sent,
  };
}

/** Everything in both documents, sorted by key. */
export function contents({ documents }: PipedPeer): unknown {
  const { control, participants } = documents;
  return {
    control: documentContents(control.document),
    participants: documentContents(participants.document),
  };
}

/**
 * The two documents of one session, and their being level with those of the others.
 *
 * Takes  links, and the frames of channels 1 to 3 that come over them; what was stored of the documents.
 * Gives  typed documents; `onChange` at most once a change; presence.
 * Keeps  a gate before each document, so that peers change only what they may.
 * Lane   3.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signatures } from '../ports/signatures.ts';
import type { Identity } from '../privacy/identity.ts';
import { openSignedValues } from '../privacy/signed-value.ts';
import type { Link } from '../transport/link/link.ts';
import { ControlDocument, controlRules } from './control-document.ts';
import { type DocumentRules, type GateDeps, openDocumentGate } from './document-gate.ts';
import type { UpdateFault } from './document-update.ts';
import { ParticipantsDocument, participantsRules } from './participants-document.ts';
import { openPresence, type Presence } from './presence.ts';
import { SignedDocument } from './signed-document.ts';
import { type DocumentSync, openDocumentSync } from './sync.ts';
import type { SyncPeer } from './sync-peer.ts';
import type { WriteCounter } from './write-counter.ts';

export const CONTROL_CHANNEL = 1;
export const PARTICIPANTS_CHANNEL = 2;
const PRESENCE_CHANNEL = 3;
/** Names of the maps of the control document; those of the participants document are the boxes' ids. */
const CONTROL_PREFIX = 'control/';

/** Keys of what is true for a moment: not stored, so that a card does not wear out. */
const PASSING: ReadonlySet<string> = new Set(['stats', 'links']);

/** Both documents, each as one update. */
export interface StoredDocuments {
  readonly control: Uint8Array;
  readonly participants: Uint8Array;
}

export interface SessionDocuments extends AsyncDisposable {
  readonly control: ControlDocument;
  readonly participants: ParticipantsDocument;
  readonly presence: Presence;
  /** Brings the box at the far end level, and takes what it has. Ends with the link. */
  attach(link: DocumentLink): LevelPeer;
  onChange(listener: () => void): Disposable;
  /** Something has changed that is worth storing: not how links fare just now. */
  onLasting(listener: () => void): Disposable;
  /** A box has said something under that key of the control document, over its own link. */
  onSaid(listener: (author: BoxId, key: string) => void): Disposable;
  /** Sends what is still gathered, now. */
  flush(): void;
  encode(): StoredDocuments;
}

/** The part of a Link that the documents need. */
export type DocumentLink = Pick<Link, 'peer' | 'send' | 'cut' | 'onFrame' | 'onClosed'>;

export interface LevelPeer {
  /** Both documents have what the far end had. */
  readonly synced: boolean;
  /** Told once, when `synced` becomes true. */
  onSynced(listener: () => void): Disposable;
}

export interface DocumentsDeps {
  readonly clock: Clock;
  readonly identity: Identity;
  readonly signatures: Signatures;
  readonly counter: WriteCounter;
  /** For many replicas in one process: what they may share. Default: nothing. */
  readonly shared?: GateDeps;
}

export function openSessionDocuments(
  deps: DocumentsDeps,
  init: {
    readonly session: SessionId;
    /** What was stored of them; faults leave out what they are in. */
    readonly stored?: StoredDocuments | undefined;
    readonly onStoredFault?: (fault: UpdateFault) => void;
  },
): SessionDocuments {
  const { clock, identity, counter } = deps;
  const { session } = init;
  const held = new Teardown();
  // The gate asks once for each value: what is known already it passes over.
  const gateDeps = deps.shared ?? { signedValues: openSignedValues(deps, { kept: 0 }) };
  const changed = new Listeners<[]>();
  const lasting = new Listeners<[]>();
  const said = new Listeners<[author: BoxId, key: string]>();
  const leveled = new Listeners<[]>();
  const onSynced = (): void => leveled.emit();
  /** Who is at the far end of the link that a change came from. */
  const speakers = new Map<unknown, BoxId>();

  const open = (prefix: string, rules: DocumentRules, stored: Uint8Array | undefined) => {
    const document = new SignedDocument({ session, identity, counter, prefix });
    const gate = openDocumentGate(gateDeps, document, rules);
    const admitted = stored ? gate.admit(stored, 'stored') : 'applied';
    if (admitted !== 'applied') init.onStoredFault?.(admitted);
    return { document, gate };
  };
  const ofControl = open(CONTROL_PREFIX, controlRules, init.stored?.control);
  const ofParticipants = open('', participantsRules, init.stored?.participants);
  const control = new ControlDocument(ofControl.document);
  const participants = new ParticipantsDocument(ofParticipants.document);
  const hears = (peer: BoxId, author: BoxId): boolean =>
    peer === author || participants.entries.get(peer)?.links.includes(author) === true;
  /** From its author, or from the first of those who pass packets on; the spare one is asked when that one is gone. */
  const reaches = (peer: BoxId, author: BoxId): boolean => {
    if (hears(peer, author)) return true;
    const { self } = ofParticipants.document;
    const [first] = participants.entries.get(self)?.forwarders ?? [];
    return first !== undefined && first !== self && hears(first, peer) && hears(first, author);
  };

  const share = ({ document, gate }: typeof ofControl, channel: number): DocumentSync => {
    held.hold(
      document.onChange((values) => {
        changed.emit();
        if (values.some(({ key }) => !PASSING.has(key))) lasting.emit();
      }),
    );
    return held.hold(openDocumentSync({ clock }, { document, gate, channel, reaches, onSynced }));
  };
  const controlSync = share(ofControl, CONTROL_CHANNEL);
  const participantsSync = share(ofParticipants, PARTICIPANTS_CHANNEL);
  const presence = held.hold(openPresence({ clock }, { channel: PRESENCE_CHANNEL }));
  held.hold(
    ofControl.document.onChange((values, origin) => {
      const speaker = speakers.get(origin);
      for (const { root, key } of values) {
        if (speaker !== undefined && root === ofControl.document.rootOf(speaker)) {
          said.emit(speaker, key);
        }
      }
    }),
  );

  return {
    control,
    participants,
    presence,
    attach(link) {
      const syncing = [controlSync.attach(link), participantsSync.attach(link)] as const;
      const [inControl, inParticipants] = syncing;
      const inPresence = presence.attach(link);
      speakers.set(inControl, link.peer.box);
      link.onFrame((channel, frame) => {
        switch (channel) {
          case CONTROL_CHANNEL:
            return inControl.receive(frame);
          case PARTICIPANTS_CHANNEL:
            return inParticipants.receive(frame);
          case PRESENCE_CHANNEL:
            return inPresence.receive(frame);
        }
      });
      link.onClosed(() => {
        speakers.delete(inControl);
        for (const peer of [...syncing, inPresence]) peer[Symbol.dispose]();
      });
      return levelPeer(syncing, leveled);
    },
    onChange: (listener) => changed.add(listener),
    onLasting: (listener) => lasting.add(listener),
    onSaid: (listener) => said.add(listener),
    flush() {
      controlSync.flush();
      participantsSync.flush();
    },
    encode: () => ({
      control: ofControl.document.encode(),
      participants: ofParticipants.document.encode(PASSING),
    }),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

function levelPeer(syncing: readonly SyncPeer[], leveled: Listeners<[]>): LevelPeer {
  const synced = (): boolean => syncing.every((peer) => peer.synced);
  return {
    get synced() {
      return synced();
    },
    onSynced(listener) {
      const handle = leveled.add(() => {
        if (!synced()) return;
        handle[Symbol.dispose]();
        listener();
      });
      return handle;
    },
  };
}

/**
 * The two documents of one session, and their being level with those of the others.
 *
 * Takes  links, and the frames of channels 1 to 3 that come over them.
 * Gives  typed documents; `onChange` at most once a transaction; presence.
 * Keeps  a gate before each document, so that peers change only what they may.
 * Lane   3.
 */
import type { BoxId } from '../core/ensemble.ts';
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import type { Clock } from '../ports/clock.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Link } from '../transport/link/link.ts';
import { drawClientId } from './client-id.ts';
import { ControlDocument, controlRules } from './control-document.ts';
import { openDocumentGate } from './document-gate.ts';
import { ParticipantsDocument, participantsRules } from './participants-document.ts';
import { openPresence, type Presence } from './presence.ts';
import { type DocumentSync, openDocumentSync } from './sync.ts';

const CONTROL_CHANNEL = 1;
const PARTICIPANTS_CHANNEL = 2;
const PRESENCE_CHANNEL = 3;

export interface SessionDocuments extends AsyncDisposable {
  readonly control: ControlDocument;
  readonly participants: ParticipantsDocument;
  readonly presence: Presence;
  /** Brings the box at the far end level, and takes what it has. Ends with the link. */
  attach(link: DocumentLink): LevelPeer;
  onChange(listener: () => void): Disposable;
  /** Sends what is still gathered, now. */
  flush(): void;
}

/** The part of a Link that the documents need. */
export type DocumentLink = Pick<Link, 'peer' | 'send' | 'cut' | 'onFrame' | 'onClosed'>;

export interface LevelPeer {
  /** Both documents have what the far end had. */
  readonly synced: boolean;
  /** Told once, when `synced` becomes true. */
  onSynced(listener: () => void): Disposable;
}

export function openSessionDocuments(
  deps: { readonly clock: Clock; readonly randomness: Randomness },
  init: { readonly box: BoxId },
): SessionDocuments {
  const { clock, randomness } = deps;
  const held = new Teardown();
  const draw = (): number => drawClientId(init.box, randomness);
  const control = new ControlDocument(draw());
  const participants = new ParticipantsDocument(init.box, draw());
  const changed = new Listeners<[]>();
  const leveled = new Listeners<[]>();
  const onSynced = (): void => leveled.emit();

  const share = (shared: ControlDocument | ParticipantsDocument, channel: number): DocumentSync => {
    const { doc } = shared;
    const rules = channel === CONTROL_CHANNEL ? controlRules : participantsRules;
    held.defer(() => doc.destroy());
    const gate = held.hold(openDocumentGate(doc, { rules, drawClientId: draw }));
    doc.on('update', () => changed.emit());
    return held.hold(openDocumentSync({ clock }, { doc, gate, channel, onSynced }));
  };
  const controlSync = share(control, CONTROL_CHANNEL);
  const participantsSync = share(participants, PARTICIPANTS_CHANNEL);
  const presence = held.hold(openPresence({ clock }, { channel: PRESENCE_CHANNEL }));

  return {
    control,
    participants,
    presence,
    attach(link) {
      const own = [controlSync.attach(link), participantsSync.attach(link)] as const;
      const [ofControl, ofParticipants] = own;
      const ofPresence = presence.attach(link);
      link.onFrame((channel, frame) => {
        switch (channel) {
          case CONTROL_CHANNEL:
            return ofControl.receive(frame);
          case PARTICIPANTS_CHANNEL:
            return ofParticipants.receive(frame);
          case PRESENCE_CHANNEL:
            return ofPresence.receive(frame);
        }
      });
      link.onClosed(() => {
        for (const peer of [...own, ofPresence]) peer[Symbol.dispose]();
      });
      const synced = (): boolean => own.every((peer) => peer.synced);
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
    },
    onChange: (listener) => changed.add(listener),
    flush() {
      controlSync.flush();
      participantsSync.flush();
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

/**
 * Pipes between session documents: ordered frames that arrive when the virtual clock says so, or break, and then lose
 * what is on its way.
 */
import type { BoxId, SessionId } from '../../runtime/core/ensemble.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import {
  type DocumentLink,
  openSessionDocuments,
  type SessionDocuments,
} from '../../runtime/session/documents.ts';
import { LINK_PROTOCOL } from '../../runtime/transport/link/hello.ts';
import type { LinkEnd } from '../../runtime/transport/link/link-state.ts';
import type { VirtualClock } from '../../sim/virtual-clock.ts';

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
}

export const boxIdOf = (place: number): BoxId =>
  (place + 1).toString(16).padStart(2, '0').repeat(16) as BoxId;

export const openPeer = (
  clock: VirtualClock,
  randomness: Randomness,
  place: number,
): PipedPeer => ({
  box: boxIdOf(place),
  documents: openSessionDocuments({ clock, randomness }, { box: boxIdOf(place) }),
  entered: false,
});

/** `cuts` collects what an end was cut off for. */
export function openPipe(
  clock: VirtualClock,
  randomness: Randomness,
  ends: readonly [PipedPeer, PipedPeer],
  cuts: string[],
): Pipe {
  let broken = false;
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
        session: '0'.repeat(32) as SessionId,
        name: '',
        rtpPort: 0,
        ssrc: 0,
        linkPort: 0,
        boot: 0,
        seenAs: '',
      },
      send(channel, frame) {
        if (broken) return false;
        other(link).receive(channel, frame.slice());
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
  };
}

/** Everything in both documents, sorted by key. */
export function contents({ documents }: PipedPeer): unknown {
  const { control, participants } = documents;
  const sorted = (value: object): object =>
    Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  const maps = [...participants.doc.share.keys()].sort();
  return {
    control: sorted(control.doc.getMap('control').toJSON()),
    participants: Object.fromEntries(
      maps.map((id) => [id, sorted(participants.doc.getMap(id).toJSON())]),
    ),
  };
}

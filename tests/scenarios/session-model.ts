/**
 * Replicas of a session's documents through partitions, restarts and changes at random, from a seed: boxes write, come
 * and go, lose power with what they had stored, are parted and joined again; hosts mute, lock, put out and hand over,
 * and others stand in for them. In the end all see the same, and the same host.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { JamMode, Role } from '../../runtime/core/ensemble.ts';
import { type EnsembleTime, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import { type MembershipProof, newSession } from '../../runtime/privacy/membership-proof.ts';
import { hostChain } from '../../runtime/session/authority.ts';
import type { StoredDocuments } from '../../runtime/session/documents.ts';
import { type HostDuties, openHostDuties } from '../../runtime/session/host-duties.ts';
import { type Standing, standing } from '../../runtime/session/membership.ts';
import type { WriteCounter } from '../../runtime/session/write-counter.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { countFrom } from '../document-rig.ts';
import {
  contents,
  identityAt,
  openPeer,
  openPipe,
  type Pipe,
  type PipedPeer,
} from './session-pipes.ts';

export interface ModelInit {
  readonly seed: number;
  readonly replicas: number;
  readonly seconds: number;
}

export interface ModelOutcome {
  /** What was not as it should be; undefined: all are equal. */
  readonly failure: string | undefined;
  readonly edits: number;
  readonly partitions: number;
  readonly restarts: number;
}

interface Replica {
  readonly place: number;
  readonly counter: WriteCounter;
  boot: number;
  peer: PipedPeer | undefined;
  duties: HostDuties | undefined;
  stand: Standing | undefined;
  stored: StoredDocuments | undefined;
  group: number;
}

const MODES: readonly JamMode[] = ['auto', 'live', 'tight', 'groove'];
const ROLES: readonly Role[] = ['rhythm', 'bass', 'harmony', 'melody'];
/** Steps of half a second between two turns of a replica, and between two times that it stores its documents. */
const TURN = 6;
const SAVE_EVERY = 40;

export function runSessionModel({ seed, replicas: count, seconds }: ModelInit): ModelOutcome {
  const clock = new VirtualClock();
  const random = seededRandomness(`session model ${seed}`);
  const upTo = (limit: number): number => random.uint32() % limit;
  const pick = <T>(all: readonly T[]): T => all[upTo(all.length)] as T;
  const { session, proof } = newSession(identityAt(0), random);
  const pipes = new Map<string, Pipe>();
  const cuts: string[] = [];
  const tally = { edits: 0, partitions: 0, restarts: 0 };

  const replicas = Array.from({ length: count }, (_, place): Replica => {
    const counter = countFrom();
    const fresh = { boot: 1, peer: undefined, duties: undefined, stand: undefined };
    return { place, counter, ...fresh, stored: undefined, group: 0 };
  });
  const there = (): Replica[] => replicas.filter(({ peer }) => peer);
  const entered = (): Replica[] => replicas.filter(({ peer }) => peer?.entered);

  const key = (a: Replica, b: Replica): string =>
    a.place < b.place ? `${a.place} ${b.place}` : `${b.place} ${a.place}`;
  const linked = (one: Replica): Replica[] =>
    there().filter((other) => other !== one && pipes.get(key(one, other))?.broken === false);
  const link = (a: Replica, b: Replica): void => {
    if (!a.peer || !b.peer || a === b || a.group !== b.group) return;
    if (pipes.get(key(a, b))?.broken === false) return;
    pipes.set(key(a, b), openPipe(clock, random, [a.peer, b.peer], cuts));
  };
  const unlink = (wanted: (a: Replica, b: Replica) => boolean): void => {
    for (const [name, pipe] of pipes) {
      const [a, b] = name.split(' ').map((place) => replicas[Number(place)]);
      if (a && b && wanted(a, b)) {
        pipe.break();
        pipes.delete(name);
      }
    }
  };
  /** A ring, so that all are reached, and chords, so that there is more than one way. */
  const weave = (): void => {
    for (const group of new Set(there().map((one) => one.group))) {
      const members = there().filter((one) => one.group === group);
      for (const [at, one] of members.entries()) {
        link(one, members[(at + 1) % members.length] ?? one);
        if (at % 8 === 0) link(one, pick(members));
      }
    }
  };

  const switchOn = (one: Replica, made?: MembershipProof): void => {
    const peer = openPeer(clock, one.place, one.counter, { session, stored: one.stored });
    one.peer = peer;
    one.boot++;
    one.stand = undefined;
    one.duties = openHostDuties({ self: peer.box, control: peer.documents.control });
    if (!made) return;
    peer.entered = true;
    peer.documents.control.set({ made: bytesToHex(made.nonce), name: 'Basement', mode: 'auto' });
  };
  const switchOff = (one: Replica, politely: boolean): void => {
    const { peer } = one;
    if (!peer) return;
    if (politely && peer.entered) {
      peer.documents.participants.setSelf({ present: false, links: [], stats: {} });
      peer.documents.flush();
      clock.advance(fromSeconds(0.05));
      one.stored = peer.documents.encode();
    }
    unlink((a, b) => a === one || b === one);
    void peer.documents[Symbol.asyncDispose]();
    one.peer = undefined;
  };

  const turn = (one: Replica): void => {
    const { peer } = one;
    if (!peer?.entered) return;
    const { control, participants } = peer.documents;
    const links = linked(one)
      .filter((other) => other.peer?.entered)
      .map((other) => identityAt(other.place).box)
      .sort();
    const { boot } = one;
    participants.setSelf({ links, present: true, boot, keepsTime: true, linkPort: 5008 });
    one.stand = standing({
      self: { box: peer.box, boot },
      linked: new Set(links),
      entries: participants.entries,
      excused: new Set(),
      registers: control.registers,
      chain: hostChain(control.registers, control.creator),
    });
    control.authority = one.stand.authority;
    if (one.stand.within.size > 1 && one.stand.hostVacant && one.stand.host === peer.box) {
      control.set({ standsIn: true });
    }
    one.duties?.turn(one.stand, true, clock.now());
  };

  const edit = (one: Replica): void => {
    const { peer } = one;
    if (!peer?.entered) return;
    tally.edits++;
    const { control, participants } = peer.documents;
    const hosts = one.stand?.host === peer.box;
    const other = identityAt(upTo(count)).box;
    const without = control.state.muted.filter((id) => id !== other);
    switch (upTo(hosts ? 12 : 7)) {
      case 0:
      case 1:
      case 2: {
        const stats = { rtt: upTo(90) as Micros, jitter: undefined, loss: 0, recovered: upTo(9) };
        participants.setSelf({ stats: { [other]: stats } });
        return;
      }
      case 3:
        participants.setSelf({ role: pick(ROLES), roleByHand: true });
        return;
      case 4:
        participants.setSelf({ name: `N${upTo(99)}` });
        return;
      case 5:
        if (hosts || !control.state.locked) control.set({ mode: pick(MODES) });
        return;
      case 6: {
        const timeline = { origin: 0 as EnsembleTime, bpm: 60 + upTo(99), beatsPerBar: 4 };
        if (hosts || !control.state.locked) control.set({ timeline });
        return;
      }
      case 7:
        control.set({ locked: !control.state.locked });
        return;
      case 8:
        control.set({
          muted: without.length < control.state.muted.length ? without : [...without, other],
        });
        return;
      case 9:
        control.set({ removed: control.state.removed.includes(other) ? [] : [other] });
        return;
      default: {
        const chain = hostChain(control.registers, control.creator);
        const [next] = linked(one);
        if (next && chain.at(-1)?.box === peer.box) {
          control.set({ host: identityAt(next.place).box });
        }
      }
    }
  };

  const happen = (): void => {
    const what = upTo(100);
    if (what < 45) edit(pick(replicas));
    else if (what < 47) {
      const groups = 1 + upTo(4);
      for (const one of replicas) one.group = upTo(groups);
      tally.partitions++;
      unlink((a, b) => a.group !== b.group);
      weave();
    } else if (what < 52) {
      for (const one of replicas) one.group = 0;
      weave();
    } else if (what < 64) {
      const one = pick(replicas);
      if (one.peer) {
        tally.restarts++;
        switchOff(one, upTo(2) === 0);
      } else {
        switchOn(one);
        weave();
      }
    } else if (what < 70) {
      const one = pick(replicas);
      unlink((a, b) => (a === one || b === one) && upTo(2) === 0);
    } else if (what < 80) weave();
  };

  for (const one of replicas) switchOn(one, one.place === 0 ? proof : undefined);
  weave();
  for (let step = 0; step < seconds * 2; step++) {
    happen();
    for (const one of replicas) {
      if ((step + one.place) % TURN === 0) turn(one);
      if ((step + one.place) % SAVE_EVERY === 0 && one.peer?.entered) {
        one.stored = one.peer.documents.encode();
      }
    }
    clock.advance(fromSeconds(0.5));
  }
  for (const one of replicas) {
    one.group = 0;
    if (!one.peer) switchOn(one);
  }
  for (let round = 0; round < 10; round++) {
    weave();
    clock.advance(fromSeconds(2));
    for (const one of replicas) turn(one);
  }
  clock.advance(fromSeconds(2));
  const failure = disagreement(entered(), count, cuts);
  for (const one of replicas) void one.peer?.documents[Symbol.asyncDispose]();
  return { failure, ...tally };
}

function disagreement(
  replicas: readonly Replica[],
  count: number,
  cuts: readonly string[],
): string | undefined {
  if (cuts.length > 0) return `cut off: ${cuts.join(', ')}`;
  if (replicas.length < count) return `${count - replicas.length} replicas are not level`;
  const seen = replicas.map(({ peer, stand }) => ({
    host: stand?.host,
    within: stand?.within.size,
    state: peer?.documents.control.state,
    documents: peer && contents(peer),
  }));
  const texts = seen.map((one) => JSON.stringify(one));
  const other = texts.findIndex((text) => text !== texts[0]);
  if (other >= 0) {
    return `replica ${other} differs from replica 0:\n${texts[other]}\n${texts[0]}`;
  }
  return seen[0]?.within === count ? undefined : `${seen[0]?.within} of ${count} are within reach`;
}

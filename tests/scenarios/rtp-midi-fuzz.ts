/**
 * Fuzzes an end point that has a live peer: random, damaged and misleading datagrams, from the peer's address and others.
 *
 * Takes  how many, and a seed. Gives what it cost; throws what the end point throws.
 */
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import type { Listener } from './rtp-midi-listener.ts';
import { journalOf, Mutator } from './rtp-midi-mutation.ts';
import { Stage } from './rtp-midi-stage.ts';

const PLAYER = '10.0.0.1';
const LISTENER = '10.0.0.2';
const STRANGER: NetAddress = { host: '10.9.9.9', port: 1 };
const CONTROL = 5004;
const DATA = 5005;
const KEPT = 4_000;
/** Datagrams between two that are meant well. */
const HONEST_EVERY = 50;
const LOOK_EVERY = 20_000;

export interface FuzzReport {
  readonly datagrams: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly messagesHeard: number;
  /** Of handling one datagram. */
  readonly slowestMillis: number;
  readonly meanMicros: number;
  /** After the garbage was collected, where that can be asked for: at the first look and at the last one. */
  readonly heapMiB: readonly [number, number];
  readonly peersAtMost: number;
  /** What still sounds once the peer has left. */
  readonly stuck: number;
  /** A NoteOn of a peer that joined after all this was heard. */
  readonly stillWorks: boolean;
}

export async function fuzzEndpoint(init: {
  readonly datagrams: number;
  readonly seed: number;
  readonly corpus?: readonly Uint8Array[];
  readonly onProgress?: (done: number) => void;
}): Promise<FuzzReport> {
  const { datagrams, seed } = init;
  const seen: Uint8Array[] = [...(init.corpus ?? [])];
  const stage = await Stage.open({
    seed,
    paths: [
      {
        loss: 0.1,
        burst: 2,
        delay: 0.5,
        jitter: 0,
        duplicates: 0,
        reordered: 0,
        reports: true,
        invites: false,
      },
    ],
    journal: 'closed-loop',
    redundancy: 0,
    begin: 'anywhere',
  });
  const listener = stage.listeners[0] as Listener;
  const target = listener.endpoint;
  stage.onDatagram = (bytes, { to }) => {
    if (to.host === LISTENER && seen.length < KEPT) seen.push(bytes.slice());
  };
  stage.wait(1_000_000);
  const random = seededRandomness(`fuzz ${seed}`);
  const mutator = new Mutator(random, seen);
  for (let i = 0; i < 1_200; i++) {
    stage.play(anything(mutator));
    stage.wait(mutator.below(15_000));
  }
  stage.onDatagram = () => undefined;
  // Nothing grows here but what the end point keeps.
  stage.forget();

  let slowest = 0;
  let total = 0;
  let peersAtMost = 0;
  let sequence = 0;
  const heap: number[] = [];
  for (let i = 0; i < datagrams; i++) {
    const bytes = mutator.next();
    const from =
      mutator.below(10) === 0
        ? STRANGER
        : { host: PLAYER, port: mutator.below(10) === 0 ? CONTROL : DATA };
    if (mutator.below(4) > 0) sequence = believable(bytes, stage.player.ssrc, sequence, mutator);
    const to = { host: LISTENER, port: mutator.below(8) === 0 ? CONTROL : DATA };
    const began = performance.now();
    stage.wire.inject(bytes, from, to);
    const took = performance.now() - began;
    total += took;
    slowest = Math.max(slowest, took);
    peersAtMost = Math.max(peersAtMost, target.peers.length);
    if (i % HONEST_EVERY === 0) {
      stage.play(anything(mutator));
      // Whoever was thrown out by a BY comes back.
      stage.wait(target.peers.length === 0 ? 1_500_000 : mutator.below(20_000));
    }
    if (i % LOOK_EVERY === 0) {
      stage.forget();
      heap.push(heapNow());
      init.onProgress?.(i);
    }
  }
  heap.push(heapNow());
  const { faults, messagesReceived } = target.stats;
  await stage.restartPlayer('bye');
  for (const peer of target.peers) peer.disconnect();
  const stuck = listener.synth.sounding + listener.synth.counted;
  for (const peer of stage.player.peers) peer.disconnect();
  stage.wire.calm();
  stage.player.connect({ host: LISTENER, port: CONTROL });
  stage.wait(20_000_000);
  stage.play([shortMessage(0x90, 60, 1) as MidiMessage]);
  stage.wait(100_000);
  return {
    datagrams,
    faults,
    messagesHeard: messagesReceived,
    slowestMillis: slowest,
    meanMicros: (1_000 * total) / datagrams,
    heapMiB: [heap[1] ?? heap[0] ?? 0, heap.at(-1) ?? 0],
    peersAtMost,
    stuck,
    stillWorks: listener.synth.channel(0).velocity[60] === 1,
  };
}

/** As if it came next from the peer, so that the inside is looked at. Now and then far away. */
function believable(bytes: Uint8Array, ssrc: number, sequence: number, mutator: Mutator): number {
  if (bytes.length < 13 || bytes[0] === 0xff) return sequence;
  bytes[0] = 0x80;
  bytes[1] = 0x61;
  const step = mutator.below(500) === 0 ? mutator.below(0x1_0000) : mutator.below(4);
  const next = (sequence + step) & 0xffff;
  bytes[2] = next >> 8;
  bytes[3] = next & 0xff;
  for (let octet = 0; octet < 4; octet++) bytes[8 + octet] = (ssrc >>> (24 - 8 * octet)) & 0xff;
  const journal = journalOf(bytes);
  if (journal >= 0 && mutator.below(3) > 0) {
    // Most journals would not reach back to the last packet that was taken.
    const checkpoint = (next - mutator.below(8)) & 0xffff;
    bytes[journal + 1] = checkpoint >> 8;
    bytes[journal + 2] = checkpoint & 0xff;
  }
  return next;
}

function anything(mutator: Mutator): readonly MidiMessage[] {
  const below = (limit: number): number => mutator.below(limit);
  if (below(20) === 0)
    return [
      {
        kind: 'sysEx',
        data: Uint8Array.from({ length: below(below(5) === 0 ? 900 : 30) }, () => below(128)),
      },
    ];
  const system = below(5) === 0;
  const statuses = system
    ? [0xf1, 0xf2, 0xf3, 0xf6, 0xf8, 0xfa, 0xfb, 0xfc, 0xfe]
    : [0x80, 0x90, 0x90, 0xa0, 0xb0, 0xb0, 0xc0, 0xd0, 0xe0];
  const status = statuses[below(statuses.length)] as number;
  const channel = system ? 0 : below(below(3) === 0 ? 16 : 2);
  const parameter = status === 0xb0 && below(2) === 0;
  const data1 = parameter ? [98, 99, 100, 101, 6, 38, 96, 97][below(8)] : below(128);
  const message = shortMessage(status | channel, data1 ?? 0, below(parameter ? 3 : 128));
  return message ? [message] : [];
}

function heapNow(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1_048_576;
}

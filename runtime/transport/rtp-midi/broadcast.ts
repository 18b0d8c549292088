/**
 * What is played here, sent to every peer: bursts as packets, and guard packets after them.
 *
 * Takes  MidiMessages with the time when they were performed; the peers that there are; the time.
 * Gives  datagrams on the data port.
 * Keeps  the outbox, one packet's octets. Sending allocates nothing after warm-up.
 */
import type { MidiMessage } from '../../core/midi-message.ts';
import type { Instant } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatagramSocket } from '../../ports/datagram-network.ts';
import { CommandList } from './command-list.ts';
import type { StreamState } from './journal/stream-state.ts';
import { Outbox } from './outbox.ts';
import type { PeerSession } from './peer-session.ts';
import { PACKET_BUFFER_OCTETS } from './stream-sender.ts';
import type { Ticks } from './ticks.ts';

export interface BroadcastDeps {
  readonly clock: Clock;
  readonly socket: DatagramSocket;
  /** In order of joining. */
  readonly peers: () => readonly PeerSession[];
}

export class Broadcast {
  packetsSent = 0;
  messagesSent = 0;
  readonly #clock: Clock;
  readonly #socket: DatagramSocket;
  readonly #peers: () => readonly PeerSession[];
  readonly #outbox: Outbox;
  readonly #empty = new CommandList();
  readonly #packet = new Uint8Array(PACKET_BUFFER_OCTETS);
  #flushing = false;

  constructor(deps: BroadcastDeps, tickOrigin: number) {
    this.#clock = deps.clock;
    this.#socket = deps.socket;
    this.#peers = deps.peers;
    this.#outbox = new Outbox(tickOrigin);
  }

  /** What all peers' journals describe. */
  get state(): StreamState {
    return this.#outbox.state;
  }

  add(message: MidiMessage, at: Instant): void {
    if (this.#outbox.isFull) this.flush();
    this.#outbox.add(message, at, this.#clock.now());
    this.messagesSent++;
  }

  /** False when there was nothing to send. */
  flush(): boolean {
    // Whoever is called while packets are sent may send more: that is taken by the next flush.
    if (this.#flushing || this.#outbox.isEmpty) return false;
    this.#flushing = true;
    this.#outbox.flush(this.#sendList, this.#sentList);
    this.#flushing = false;
    return true;
  }

  /** Guard packets that are due. */
  tick(now: Instant): void {
    for (const peer of this.#peers()) {
      const due = peer.sender.guardDue;
      if (due === undefined || due > now) continue;
      const at = this.#outbox.timeOfEmpty(now);
      this.#sendPacket(peer, this.#empty, this.#outbox.ticksOf(at), at, now);
      peer.sender.sent(false, now);
    }
  }

  readonly #sendList = (list: CommandList, first: Ticks, at: Instant): void => {
    const now = this.#clock.now();
    for (const peer of this.#peers()) this.#sendPacket(peer, list, first, at, now);
  };

  readonly #sentList = (): void => {
    const now = this.#clock.now();
    for (const peer of this.#peers()) peer.sender.sent(true, now);
  };

  #sendPacket(peer: PeerSession, list: CommandList, ticks: Ticks, at: Instant, now: Instant): void {
    const length = peer.sender.write(list, ticks, at, now, this.#packet);
    if (!peer.limit.allows(length, now)) return;
    this.packetsSent++;
    this.#socket.send(this.#packet, peer.data, length);
  }
}

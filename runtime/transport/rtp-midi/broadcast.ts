/**
 * What is played here, sent to every peer: bursts as packets, copies of these if wanted, and guard packets after them.
 *
 * Takes  MidiMessages with the time when they were performed; the peers that there are; the time.
 * Gives  datagrams on the data port, and when there is more to send.
 * Keeps  the outbox, one packet's octets, copies that are to be sent. Sending allocates nothing after warm-up.
 */
import type { MidiMessage } from '../../core/midi-message.ts';
import type { Instant } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatagramSocket } from '../../ports/datagram-network.ts';
import { CommandList } from './command-list.ts';
import type { StreamState } from './journal/stream-state.ts';
import { Outbox } from './outbox.ts';
import { PacketCopies, type Redundancy } from './packet-copies.ts';
import type { PeerSession } from './peer-session.ts';
import type { StreamGroup } from './stream-group.ts';
import { MAX_PACKET_OCTETS, PACKET_BUFFER_OCTETS, type StreamSender } from './stream-sender.ts';
import { SysExPace } from './sysex-pace.ts';
import type { Ticks } from './ticks.ts';

export interface BroadcastDeps {
  readonly clock: Clock;
  readonly socket: DatagramSocket;
  /** In order of joining. */
  readonly peers: () => readonly PeerSession[];
  /** Those who are sent one stream together. */
  readonly group: () => StreamGroup;
  /** `at`: what the packet's timestamp stands for. */
  readonly sendToGroup: (packet: Uint8Array, length: number, at: Instant) => void;
}

export interface BroadcastInit {
  readonly tickOrigin: number;
  /** Copies of each packet with commands, to peers that report. */
  readonly redundancy: Redundancy;
  readonly dropsDuplicates: (ssrc: number) => boolean;
}

export class Broadcast {
  /** Of any kind. */
  packetsSent = 0;
  guardsSent = 0;
  copiesSent = 0;
  messagesSent = 0;
  /** Packets that a peer's wish for a low rate held back. */
  withheld = 0;
  /** Packets with a part of a journal that was too big. */
  journalsSplit = 0;
  /** Packets that a journal should have reached back to, and that were too many to remember. */
  historyForced = 0;
  readonly #clock: Clock;
  readonly #socket: DatagramSocket;
  readonly #peers: () => readonly PeerSession[];
  readonly #group: () => StreamGroup;
  readonly #sendToGroup: BroadcastDeps['sendToGroup'];
  readonly #outbox: Outbox;
  readonly #empty = new CommandList();
  readonly #packet = new Uint8Array(PACKET_BUFFER_OCTETS);
  readonly #copies: PacketCopies<PeerSession>;
  readonly #dropsDuplicates: (ssrc: number) => boolean;
  /** For what happens now; set before copies are sent. */
  #now = 0 as Instant;
  #flushing = false;

  constructor(deps: BroadcastDeps, init: BroadcastInit) {
    this.#clock = deps.clock;
    this.#socket = deps.socket;
    this.#peers = deps.peers;
    this.#group = deps.group;
    this.#sendToGroup = deps.sendToGroup;
    this.#outbox = new Outbox(init.tickOrigin);
    this.#outbox.setPace(
      new SysExPace(deps.clock, this.state.system.sysEx, deps.peers, () => deps.group().sender),
    );
    this.#copies = new PacketCopies(init.redundancy, MAX_PACKET_OCTETS);
    this.#dropsDuplicates = init.dropsDuplicates;
  }

  /** What all peers' journals describe. */
  get state(): StreamState {
    return this.#outbox.state;
  }

  /** Copies that there was no room to keep. */
  get copiesDropped(): number {
    return this.#copies.dropped;
  }

  /** Messages that there was no room for while a SysEx was held up. */
  get messagesDropped(): number {
    return this.#outbox.dropped;
  }

  /** SysEx commands that were cancelled. */
  get sysExCancelled(): number {
    return this.#outbox.cancelled;
  }

  /** A SysEx waits for reports of peers. */
  get isStalled(): boolean {
    return this.#outbox.isStalled;
  }

  /** When `tick` has copies to send, or `flush` more of a SysEx; guard packets are due when their peer is. */
  get due(): Instant {
    return Math.min(this.#copies.due, this.#outbox.due) as Instant;
  }

  add(message: MidiMessage, at: Instant): void {
    if (this.#outbox.isFull) this.flush();
    this.#outbox.add(message, at, this.#clock.now());
    this.messagesSent++;
  }

  /** What is left of SysEx is not sent. */
  cancelSysEx(): void {
    this.#outbox.cancelSysEx();
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

  /** To one peer, with which we part: nothing is sent to it after this. */
  sendLast(peer: PeerSession, messages: readonly MidiMessage[]): void {
    const now = this.#clock.now();
    const at = this.#outbox.timeOfEmpty(now);
    const list = new CommandList();
    for (let next = 0; next < messages.length; ) {
      list.clear();
      while (next < messages.length) {
        if (list.add(messages[next] as MidiMessage, 0, this.#outbox.ticksOf(at)) < 0) break;
        next++;
      }
      if (list.length === 0) return;
      this.#sendPacket(peer, list, list.first, at, now);
      peer.sender.sent(true, now);
    }
  }

  /** Copies and guard packets that are due. */
  tick(now: Instant): void {
    this.#now = now;
    this.#copies.tick(now, this.#sendCopy);
    for (const peer of this.#peers()) {
      const due = peer.sender.guardDue;
      if (due === undefined || due > now) continue;
      const ready = peer.limit.readyAt(now);
      if (ready > now) {
        peer.sender.postponeGuard(ready);
        continue;
      }
      const at = this.#outbox.timeOfEmpty(now);
      if (this.#sendPacket(peer, this.#empty, this.#outbox.ticksOf(at), at, now) > 0)
        this.guardsSent++;
      peer.sender.sent(false, now);
    }
    const together = this.#group().sender;
    const due = together?.guardDue;
    if (!together || due === undefined || due > now) return;
    const at = this.#outbox.timeOfEmpty(now);
    this.#sendTogether(together, this.#empty, this.#outbox.ticksOf(at), at, now);
    this.guardsSent++;
    together.sent(false, now);
  }

  readonly #sendList = (list: CommandList, first: Ticks, at: Instant): void => {
    const now = this.#clock.now();
    for (const peer of this.#peers()) {
      const length = this.#sendPacket(peer, list, first, at, now);
      if (length > 0 && peer.sender.reports(now) && this.#dropsDuplicates(peer.ssrc))
        this.#copies.keep(peer, this.#packet, length, now);
    }
    const together = this.#group().sender;
    if (together) this.#sendTogether(together, list, first, at, now);
  };

  readonly #sentList = (): void => {
    const now = this.#clock.now();
    for (const peer of this.#peers()) peer.sender.sent(true, now);
    this.#group().sender?.sent(true, now);
  };

  readonly #sendCopy = (peer: PeerSession, bytes: Uint8Array, length: number): void => {
    if (!this.#peers().includes(peer) || !peer.limit.allowsExtra(length, this.#now)) return;
    this.packetsSent++;
    this.copiesSent++;
    this.#socket.send(bytes, peer.data, length);
  };

  /** The packet's octets; 0 when the peer is to be spared it. */
  #sendPacket(
    peer: PeerSession,
    list: CommandList,
    ticks: Ticks,
    at: Instant,
    now: Instant,
  ): number {
    const length = this.#write(peer.sender, list, ticks, at, now);
    if (!peer.limit.allows(length, now)) {
      this.withheld++;
      return 0;
    }
    this.packetsSent++;
    this.#socket.send(this.#packet, peer.data, length);
    return length;
  }

  #sendTogether(
    sender: StreamSender,
    list: CommandList,
    ticks: Ticks,
    at: Instant,
    now: Instant,
  ): void {
    this.#group().sending(now);
    const length = this.#write(sender, list, ticks, at, now);
    this.packetsSent++;
    this.#sendToGroup(this.#packet, length, at);
  }

  #write(sender: StreamSender, list: CommandList, ticks: Ticks, at: Instant, now: Instant): number {
    const { split, forced } = sender;
    const length = sender.write(list, ticks, at, now, this.#packet);
    this.journalsSplit += sender.split - split;
    this.historyForced += sender.forced - forced;
    return length;
  }
}

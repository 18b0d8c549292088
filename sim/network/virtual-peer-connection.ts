/**
 * One peer connection in memory.
 *
 * Takes  signals of the far end, with its fingerprint and its candidates.
 * Gives  its own signals, and a stream once the two ends have shown each other their fingerprints.
 * Keeps  a port of the host, until it is closed.
 *
 * Nothing is encrypted, but the rules are those of DTLS: each end shows the fingerprint that it really has, and one
 * that differs from what its description told ends the connection.
 */
import { fromSeconds, type Instant } from '../../runtime/core/time.ts';
import { ToldOnce } from '../../runtime/core/told-once.ts';
import type { Alarm, Clock } from '../../runtime/ports/clock.ts';
import type { DatagramSocket, NetAddress } from '../../runtime/ports/datagram-network.ts';
import type {
  PeerConnection,
  PeerConnectionInit,
  PeerSignal,
  PeerStream,
  Route,
} from '../../runtime/ports/peer-connection.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import type { ByteStream, StreamListener } from '../../runtime/ports/stream-network.ts';
import { KeptSignals } from '../../runtime/transport/peer-connection/kept-signals.ts';
import {
  channelBinding,
  fingerprintOf,
  fingerprintText,
  MAX_CANDIDATES,
  readCandidate,
} from '../../runtime/transport/peer-connection/session-description.ts';
import { equalOctets, greetVirtually } from './virtual-handshake.ts';
import type { VirtualHost } from './virtual-network.ts';
import { VirtualPacketLane } from './virtual-packet-lane.ts';
import { VirtualPeerStream } from './virtual-peer-stream.ts';

/** As the real one: whoever isn't open by then won't be. */
const OPEN_LIMIT = fromSeconds(15);
/** Between two tries to reach a candidate. */
const RETRY = fromSeconds(0.5);
const WRONG_CERTIFICATE =
  "the other box's certificate is not the one it announced; somebody may be between";
const NEVER_OPENED =
  'no way to the other box was found; is it on the same network, or on the internet?';

export interface VirtualPeerConnectionDeps {
  readonly host: VirtualHost;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** Facts of the network around the host. */
export interface Surroundings {
  blocked: boolean;
  behindNat: boolean;
  /** Straight ways are shut: only through a TURN server. */
  strictNat: boolean;
}

export class VirtualPeerConnection implements PeerConnection {
  readonly #deps: VirtualPeerConnectionDeps;
  readonly #init: PeerConnectionInit;
  readonly #around: Surroundings;
  readonly #released: () => void;
  readonly #fingerprint: Uint8Array;
  readonly #signals = new KeptSignals();
  readonly #opened = new ToldOnce<[PeerStream]>();
  readonly #failed = new ToldOnce<[string]>();
  readonly #limit: Alarm;
  readonly #retry: Alarm;
  readonly #giveUp = new AbortController();
  readonly #candidates: NetAddress[] = [];
  #candidatesSeen = 0;
  #told: Uint8Array | undefined;
  #socket: DatagramSocket | undefined;
  #listener: StreamListener | undefined;
  #waiting: ByteStream[] = [];
  readonly #greeting = new Set<() => void>();
  #dialling = false;
  #stream: VirtualPeerStream | undefined;
  #open = true;

  constructor(
    deps: VirtualPeerConnectionDeps,
    init: PeerConnectionInit,
    around: Surroundings,
    released: () => void,
  ) {
    this.#deps = deps;
    this.#init = init;
    this.#around = around;
    this.#released = released;
    this.#fingerprint = deps.randomness.bytes(32);
    this.#limit = deps.clock.alarm(() => this.#fail(NEVER_OPENED));
    this.#retry = deps.clock.alarm(() => this.#dial());
    this.#limit.set((deps.clock.now() + OPEN_LIMIT) as Instant);
    // After `open` has returned: even what fails at once is told later.
    void Promise.resolve().then(() => this.#begin());
  }

  onSignal(listener: (signal: PeerSignal) => void): Disposable {
    return this.#signals.listen(listener);
  }

  onOpen(listener: (stream: PeerStream) => void): Disposable {
    return this.#opened.listen(listener);
  }

  onFailed(listener: (reason: string) => void): Disposable {
    return this.#failed.listen(listener);
  }

  signal(signal: PeerSignal): void {
    if (!this.#open) return;
    switch (signal.kind) {
      case 'description':
        this.#describe(signal.type, signal.sdp);
        break;
      case 'candidate':
        this.#addCandidate(signal.candidate, signal.mid);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail('it was closed before it was open');
    await this.#stream?.[Symbol.asyncDispose]();
    await this.#release();
  }

  async #begin(): Promise<void> {
    if (!this.#open) return;
    const { host, relayOnly, iceServers, role } = this.#init;
    if (relayOnly && !iceServers.some(({ url }) => url.startsWith('turn'))) {
      return this.#fail('only relayed connections are wanted, and there is no TURN server');
    }
    try {
      const where = { port: 0, ...(host === undefined ? {} : { host }) };
      const socket = await this.#deps.host.datagrams.bind(where);
      const listener = await this.#deps.host.streams.listen(
        { ...where, port: socket.local.port },
        (stream) => this.#accept(stream),
      );
      if (!this.#open) {
        await listener[Symbol.asyncDispose]();
        await socket[Symbol.asyncDispose]();
        return;
      }
      this.#socket = socket;
      this.#listener = listener;
    } catch (error) {
      return this.#fail(error instanceof Error ? error.message : String(error));
    }
    if (role === 'offerer' || this.#told) this.#tellDescription();
    this.#advance();
  }

  #tellDescription(): void {
    const local = this.#socket?.local;
    if (!local) return;
    const type = this.#init.role === 'offerer' ? 'offer' : 'answer';
    const sdp = `v=0\r\ns=-\r\na=fingerprint:sha-256 ${fingerprintText(this.#fingerprint)}\r\n`;
    this.#signals.emit({ kind: 'description', type, sdp });
    const { host, port } = local;
    const candidate = `candidate:1 1 UDP 2122317823 ${host.split('%')[0]} ${port} typ host`;
    this.#signals.emit({ kind: 'candidate', candidate, mid: 'midi' });
    if (this.#around.blocked || this.#init.iceServers.length === 0) return;
    const reflexive = `candidate:2 1 UDP 1686052607 ${host.split('%')[0]} ${port} typ srflx raddr 0.0.0.0 rport 0`;
    this.#signals.emit({ kind: 'candidate', candidate: reflexive, mid: 'midi' });
  }

  #describe(type: 'offer' | 'answer', sdp: string): void {
    const wanted = this.#init.role === 'offerer' ? 'answer' : 'offer';
    const told = fingerprintOf(sdp);
    if (type !== wanted || !told || this.#told) {
      this.#fail(`the other box's ${type} can't be used; is it of the same version?`);
      return;
    }
    this.#told = told;
    if (type === 'offer' && this.#socket) this.#tellDescription();
    this.#advance();
  }

  #addCandidate(text: string, mid: string): void {
    if (this.#candidatesSeen++ >= MAX_CANDIDATES) return;
    const candidate = readCandidate(text, mid);
    if (!candidate) return;
    const { host, port } = candidate.address;
    // A link-local address has our own interface's zone.
    const zone = /^fe80:/i.test(host) ? this.#deps.host.address.split('%')[1] : undefined;
    const address = { host: zone === undefined ? host : `${host}%${zone}`, port };
    const known = this.#candidates.some((each) => each.host === address.host && each.port === port);
    if (!known) this.#candidates.push(address);
    this.#advance();
  }

  #advance(): void {
    if (this.#init.role === 'answerer') this.#dial();
    else for (const stream of this.#waiting.splice(0)) this.#accept(stream);
  }

  /** The answerer is the one that calls. */
  #dial(): void {
    if (!this.#open || this.#stream || this.#dialling || !this.#told || !this.#socket) return;
    if (this.#candidates.length === 0 || this.#init.role === 'offerer') return;
    this.#dialling = true;
    void this.#tryAll(this.#told).finally(() => {
      this.#dialling = false;
      if (this.#open && !this.#stream) {
        this.#retry.set((this.#deps.clock.now() + RETRY) as Instant);
      }
    });
  }

  async #tryAll(told: Uint8Array): Promise<void> {
    for (const candidate of [...this.#candidates]) {
      if (this.#shut || !this.#open || this.#stream) return;
      try {
        const stream = await this.#deps.host.streams.connect(candidate, this.#giveUp.signal);
        await new Promise<void>((done) => this.#greet(stream, candidate, told, done));
      } catch {
        // Nobody there, or not to be reached now: the next candidate, and all of them again later.
      }
    }
  }

  #accept(stream: ByteStream): void {
    if (this.#init.role === 'answerer' || this.#stream || this.#shut || !this.#open) {
      void stream[Symbol.asyncDispose]();
      return;
    }
    const candidate = this.#candidates.find(({ host }) => host === stream.remote.host);
    if (this.#told && candidate) this.#greet(stream, candidate, this.#told);
    else if (this.#waiting.length < MAX_CANDIDATES) this.#waiting.push(stream);
    else void stream[Symbol.asyncDispose]();
  }

  #greet(stream: ByteStream, remote: NetAddress, told: Uint8Array, done?: () => void): void {
    const settled = (): void => {
      this.#greeting.delete(abandon);
      done?.();
    };
    const greeting = greetVirtually(stream, this.#fingerprint, told, (greeted) => {
      settled();
      const socket = this.#socket;
      if (greeted && equalOctets(greeted.shown, told) && this.#open && socket && !this.#stream) {
        return this.#finish(stream, remote, greeted.rest, told, socket);
      }
      void stream[Symbol.asyncDispose]();
      if (greeted && !equalOctets(greeted.shown, told)) this.#fail(WRONG_CERTIFICATE);
    });
    const abandon = (): void => {
      settled();
      greeting[Symbol.dispose]();
      void stream[Symbol.asyncDispose]();
    };
    this.#greeting.add(abandon);
  }

  #finish(
    stream: ByteStream,
    remote: NetAddress,
    rest: Uint8Array,
    told: Uint8Array,
    socket: DatagramSocket,
  ): void {
    const mine = this.#fingerprint;
    const offers = this.#init.role === 'offerer';
    const relayed = this.#init.relayOnly === true || this.#around.strictNat;
    const open = new VirtualPeerStream({
      stream,
      remote,
      rest,
      binding: offers ? channelBinding(mine, told) : channelBinding(told, mine),
      packets: new VirtualPacketLane(socket, remote),
      route: () => this.#route(relayed, socket.local, remote),
    });
    this.#stream = open;
    this.#limit[Symbol.dispose]();
    this.#retry[Symbol.dispose]();
    open.onClosed(() => void this.#release());
    this.#opened.tell(open);
  }

  get #shut(): boolean {
    const { blocked, strictNat } = this.#around;
    return (
      blocked || (strictNat && !this.#init.iceServers.some(({ url }) => url.startsWith('turn')))
    );
  }

  #route(relayed: boolean, local: NetAddress, remote: NetAddress): Route {
    if (relayed) return { kind: 'relayed', local, remote };
    return { kind: this.#around.behindNat ? 'direct' : 'local', local, remote };
  }

  #fail(reason: string): void {
    if (this.#opened.told || this.#failed.told) return;
    void this.#release();
    this.#failed.tell(reason);
  }

  async #release(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#signals.close();
    this.#limit[Symbol.dispose]();
    this.#retry[Symbol.dispose]();
    this.#giveUp.abort();
    this.#released();
    for (const abandon of [...this.#greeting]) abandon();
    for (const stream of this.#waiting.splice(0)) void stream[Symbol.asyncDispose]();
    await this.#listener?.[Symbol.asyncDispose]();
    await this.#socket?.[Symbol.asyncDispose]();
  }
}

/**
 * Remembers RTP-MIDI peers that are no boxes, and is connected with them again after a restart.
 *
 * Takes  whom to connect with, and peers coming and going.
 * Gives  invitations to rtp-midi. Whom we were asked to dial is dialled again at every start; whom we met, until a goodbye.
 * Keeps  the list of known peers (known-peers.ts), written whenever it changes; one connection for each that is dialled.
 *
 * Whoever is not there is asked ever more rarely. A peer that was met and is not back ten minutes after a start is
 * forgotten: it knows where we are. Participants of a session have a mesh of their own and are no business of this.
 */
import type { Log } from '../core/log.ts';
import { after, fromSeconds, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Discovery } from '../ports/discovery.ts';
import type { Storage } from '../ports/storage.ts';
import type {
  RtpMidiConnection,
  RtpMidiEndpoint,
  RtpMidiPeer,
} from '../transport/rtp-midi/endpoint.ts';
import {
  isAt,
  type KnownPeer,
  readKnownPeers,
  withoutPeer,
  withPeer,
  writeKnownPeers,
} from './known-peers.ts';
import { type Dialling, type NamedPeer, openNamedPeer } from './named-peer.ts';

export interface PeerMemory extends AsyncDisposable {
  readonly known: readonly KnownPeer[];
  /** Invites it until the box ends, and, unless it is not to be remembered, from the next start on too. */
  connect(to: NetAddress, init?: { readonly remember?: boolean }): void;
  /** The same for whoever announces that name, wherever it is; remembered once it was reached. */
  connectNamed(name: string, init?: { readonly remember?: boolean }): void;
  /** Its connection is not ended, but it is not dialled at the next start. */
  forget(address: NetAddress): void;
}

export interface PeerMemoryDeps {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly log: Log;
  readonly rtp: RtpMidiEndpoint;
  /** A participant of the session. */
  readonly isBox: (ssrc: number) => boolean;
  readonly onBoxes: (listener: () => void) => Disposable;
  /** The numeric address behind a name. Rejects when it has none. */
  readonly lookUp: (host: string) => Promise<string>;
  /** Without it nobody is found by name. */
  readonly discovery?: Discovery;
}

interface Dialled {
  /** As asked for. */
  readonly to: NetAddress;
  /** Where it is. */
  readonly at: NetAddress;
  readonly how: KnownPeer['how'];
  /** The name that it was asked for by. */
  readonly called?: string;
  readonly connection: RtpMidiConnection;
}

const LOOK_UP_AGAIN: Micros = fromSeconds(5);
const MET_PATIENCE: Micros = fromSeconds(600);

/** `remember` false: nobody is remembered, nor dialled from memory. */
export async function openPeerMemory(
  deps: PeerMemoryDeps,
  init: { readonly remember: boolean },
): Promise<PeerMemory> {
  const known = init.remember ? await readKnownPeers(deps.storage) : [];
  return new Memory(deps, init.remember, known);
}

class Memory implements PeerMemory {
  known: readonly KnownPeer[];
  readonly #deps: PeerMemoryDeps;
  readonly #remember: boolean;
  readonly #dialled = new Set<Dialled>();
  readonly #sought = new Map<string, NamedPeer>();
  readonly #held: Disposable[];
  #written: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: PeerMemoryDeps, remember: boolean, known: readonly KnownPeer[]) {
    this.known = known;
    this.#deps = deps;
    this.#remember = remember;
    const patience = deps.clock.alarm(() => this.#giveUpMet());
    patience.set(after(deps.clock.now(), MET_PATIENCE));
    this.#held = [
      patience,
      deps.rtp.onPeer((peer, state, reason) => {
        if (state === 'joined') this.#joined(peer);
        else if (reason === 'bye' || reason === 'replaced') this.#left(peer);
      }),
      // A stream may be here before its box is known for one.
      deps.onBoxes(() => {
        for (const peer of deps.rtp.peers) if (deps.isBox(peer.ssrc)) this.#unmeet(peer.address);
      }),
    ];
    for (const peer of known) {
      if (peer.how === 'named') this.connectNamed(peer.name);
      else void this.#dial(peer, peer.how, true);
    }
    for (const peer of deps.rtp.peers) this.#joined(peer);
  }

  connect(to: NetAddress, { remember = true } = {}): void {
    if (remember) this.#note({ name: '', ...to, how: 'dialled' });
    const again = [...this.#dialled].find((dialled) => isAt(dialled.to, to));
    if (again?.how === 'dialled') return;
    void this.#dial(to, 'dialled', false);
  }

  connectNamed(name: string, { remember = true } = {}): void {
    const { clock, discovery } = this.#deps;
    const key = name.toLowerCase();
    if (discovery === undefined || this.#sought.has(key)) return;
    const dial = (at: NetAddress): Dialling => this.#dialFor(at, remember ? name : undefined);
    this.#sought.set(key, openNamedPeer({ clock, discovery, dial }, name));
  }

  forget(address: NetAddress): void {
    this.#keep(withoutPeer(this.known, address));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const held of this.#held) held[Symbol.dispose]();
    for (const seeker of this.#sought.values()) await seeker[Symbol.asyncDispose]();
    for (const { connection } of this.#dialled) await connection[Symbol.asyncDispose]();
    await this.#written;
  }

  async #dial({ host, port }: NetAddress, how: KnownPeer['how'], tires: boolean): Promise<void> {
    const { clock, rtp, log, lookUp } = this.#deps;
    while (!this.#closed) {
      try {
        const at = { host: await lookUp(host), port };
        if (this.#closed) return;
        const connection = rtp.connect(at, { tires, untilGoodbye: how === 'met' });
        this.#dialled.add({ to: { host, port }, at, how, connection });
        return;
      } catch (failure) {
        // The name may come up later, with the network or with the peer.
        log.debug('a peer was not looked up', { host, failure: String(failure) });
      }
      await new Promise<void>((again) => {
        const alarm = clock.alarm(again);
        alarm.set(after(clock.now(), LOOK_UP_AGAIN));
      });
    }
  }

  /** For a seeker, which tries one address after the other. */
  #dialFor(at: NetAddress, called: string | undefined): Dialling {
    const connection = this.#deps.rtp.connect(at);
    const dialled: Dialled = {
      to: at,
      at,
      how: 'named',
      connection,
      ...(called === undefined ? {} : { called }),
    };
    this.#dialled.add(dialled);
    return {
      get state() {
        return connection.state;
      },
      [Symbol.asyncDispose]: async () => {
        this.#dialled.delete(dialled);
        await connection[Symbol.asyncDispose]();
      },
    };
  }

  #joined(peer: RtpMidiPeer): void {
    const { name, address, ssrc } = peer;
    if (this.#deps.isBox(ssrc)) return;
    const dialled = this.#dialledAt(address);
    if (!dialled) this.#note({ name, ...address, how: 'met' });
    else if (dialled.called !== undefined)
      this.#note({ name: dialled.called, ...dialled.at, how: 'named' });
    // What was dialled without being noted stays that way.
    else if (this.known.some((known) => isAt(known, dialled.to)))
      this.#note({ name, ...dialled.to, how: dialled.how });
  }

  /** On purpose, or for another that is here now. */
  #left({ address }: RtpMidiPeer): void {
    for (const dialled of this.#dialled)
      if (dialled.connection.state === 'closed') this.#dialled.delete(dialled);
    this.#unmeet(address);
  }

  #unmeet(address: NetAddress): void {
    const known = this.known.find((peer) => isAt(peer, address));
    if (known?.how === 'met') this.#keep(withoutPeer(this.known, address));
  }

  #giveUpMet(): void {
    for (const dialled of this.#dialled) {
      if (dialled.how !== 'met' || dialled.connection.peer) continue;
      this.#dialled.delete(dialled);
      void dialled.connection[Symbol.asyncDispose]();
      this.#unmeet(dialled.to);
    }
  }

  #dialledAt(address: NetAddress): Dialled | undefined {
    return [...this.#dialled].find(({ at }) => isAt(at, address));
  }

  #note(peer: KnownPeer): void {
    if (this.#remember) this.#keep(withPeer(this.known, peer));
  }

  #keep(known: readonly KnownPeer[]): void {
    if (known.length === this.known.length && JSON.stringify(known) === JSON.stringify(this.known))
      return;
    this.known = known;
    const { storage, log } = this.#deps;
    this.#written = this.#written
      .then(() => writeKnownPeers(storage, known))
      .catch((failure: unknown) => {
        // Playing goes on; only the next start will know less.
        log.warn('known peers were not stored', { failure: String(failure) });
      });
  }
}

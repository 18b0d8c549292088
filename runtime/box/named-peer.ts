/**
 * A peer that is known by the name it announces (`_apple-midi._udp`), and dialled wherever that is.
 *
 * Takes  what discovery finds, and a way to dial.
 * Gives  a connection to the first of its addresses that answers; to another one when it moves.
 * Keeps  looking and inviting until disposed. A session that is up is left alone, whatever discovery says meanwhile, as
 *        long as the address it uses is announced or nothing is.
 */
import { after, fromMillis, fromSeconds, type Instant } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Discovery, FoundService } from '../ports/discovery.ts';

/** How long an address may stay without an answer before the next one is tried. */
const PATIENCE = fromSeconds(3);
const ROUND = fromMillis(100);

/** What an RTP-MIDI connection shows of itself. */
export interface Dialling extends AsyncDisposable {
  readonly state: 'inviting' | 'refused' | 'connected' | 'closed';
}

export interface NamedPeerDeps {
  readonly clock: Clock;
  readonly discovery: Discovery;
  dial(to: NetAddress): Dialling;
}

export interface NamedPeer extends AsyncDisposable {
  readonly state: 'looking' | 'inviting' | 'refused' | 'connected';
  /** Where it is dialled, or was last. */
  readonly address: NetAddress | undefined;
  /** All names announced now: to say which there are when this one is not among them. */
  readonly names: readonly string[];
}

/** `name` is the service's or its host's, in any case of letters. */
export function openNamedPeer(deps: NamedPeerDeps, name: string): NamedPeer {
  return new Seeker(deps, name);
}

class Seeker implements NamedPeer {
  readonly #deps: NamedPeerDeps;
  readonly #wanted: string;
  readonly #browsing: Disposable;
  readonly #alarm: Alarm;
  #names: readonly string[] = [];
  #candidates: readonly NetAddress[] = [];
  #next = 0;
  #address: NetAddress | undefined;
  #connection: Dialling | undefined;
  #unansweredSince: Instant;
  #open = true;

  constructor(deps: NamedPeerDeps, name: string) {
    this.#deps = deps;
    this.#wanted = name.toLowerCase();
    this.#unansweredSince = deps.clock.now();
    this.#alarm = deps.clock.alarm(() => this.#look());
    this.#browsing = deps.discovery.browse('_apple-midi._udp', (found) => this.#learn(found));
    this.#alarm.set(after(deps.clock.now(), ROUND));
  }

  get state(): NamedPeer['state'] {
    const state = this.#connection?.state;
    return state === undefined || state === 'closed' ? 'looking' : state;
  }

  get address(): NetAddress | undefined {
    return this.#address;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#browsing[Symbol.dispose]();
    this.#alarm[Symbol.dispose]();
    await this.#connection?.[Symbol.asyncDispose]();
  }

  #learn(found: readonly FoundService[]): void {
    if (!this.#open) return;
    this.#names = found.map(({ name }) => name);
    const service =
      found.find(({ name }) => name.toLowerCase() === this.#wanted) ??
      found.find(({ host }) => host.toLowerCase() === this.#wanted);
    // A service that is no longer announced may still be where it was.
    if (!service) return;
    const { port, addresses } = service;
    const same =
      this.#candidates.length === addresses.length &&
      this.#candidates.every((known, at) => known.host === addresses[at] && known.port === port);
    if (same) return;
    this.#candidates = addresses.map((host) => ({ host, port }));
    this.#next = 0;
    const used = this.#address;
    const stillThere = used !== undefined && used.port === port && addresses.includes(used.host);
    if (this.state !== 'connected' || !stillThere) this.#dialNext();
  }

  #dialNext(): void {
    const to = this.#candidates[this.#next];
    if (!to) return;
    this.#next = (this.#next + 1) % this.#candidates.length;
    this.#unansweredSince = this.#deps.clock.now();
    if (this.#connection && isSame(this.#address, to) && this.state !== 'looking') return;
    void this.#connection?.[Symbol.asyncDispose]();
    this.#address = to;
    this.#connection = this.#deps.dial(to);
  }

  #look(): void {
    const now = this.#deps.clock.now();
    // Who refuses has answered: another address of the same peer would not change its mind.
    if (this.state !== 'inviting') this.#unansweredSince = now;
    else if (now - this.#unansweredSince >= PATIENCE) this.#dialNext();
    this.#alarm.set(after(now, ROUND));
  }
}

function isSame(a: NetAddress | undefined, b: NetAddress): boolean {
  return a?.host === b.host && a.port === b.port;
}

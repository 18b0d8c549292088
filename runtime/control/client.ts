/**
 * A box's end of the control plane: signed in as long as there is a network.
 *
 * Takes  a server's address, the box's identity, WebSockets.
 * Gives  what ControlPlane promises; while there is no connection, words that say why.
 * Keeps  one connection, dialed again with a back-off; what is published, told anew after each sign-in.
 * Lane   4.
 */
import { orAborted } from '../core/abort.ts';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import type { Log } from '../core/log.ts';
import {
  after,
  elapsed,
  fromSeconds,
  type Instant,
  type Micros,
  type WallTime,
} from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { IceServer } from '../ports/peer-connection.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { ByteStream } from '../ports/stream-network.ts';
import type { WebSockets } from '../ports/web-sockets.ts';
import type { Identity } from '../privacy/identity.ts';
import { type ClientSession, openClientSession, type Question } from './client-session.ts';
import { type ClientTunnels, openClientTunnels } from './client-tunnels.ts';
import { farewellFrom, unreachable } from './client-words.ts';
import type {
  ControlPlane,
  ControlPlaneState,
  DirectoryEntry,
  Invitation,
  InvitedEntry,
} from './control-plane.ts';
import { readInvitationLink, SECRET_OCTETS, writeInvitationLink } from './invitation-link.ts';
import type { ServerAnswer } from './message.ts';
import { MAX_SIGNAL } from './message-codec.ts';
import { redialAfter } from './redial.ts';
import { readServerAddress, type ServerAddress } from './server-address.ts';

const WAIT_WHEN_FULL = fromSeconds(10);

export interface ControlClientDeps {
  readonly webSockets: WebSockets;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  /** Told when the machine's addresses change: whatever was tried before may work now. */
  readonly watch?: { onChange(listener: () => void): Disposable };
}

export interface ControlClientInit {
  /** As in the settings. */
  readonly server: string;
  readonly certificate?: string;
  readonly software: string;
}

/** Throws PortError 'invalid' for what is no address. Works from now on, with or without a network. */
export function openControlClient(deps: ControlClientDeps, init: ControlClientInit): ControlPlane {
  return new ControlClient(deps, init, readServerAddress(init.server));
}

class ControlClient implements ControlPlane {
  readonly #deps: ControlClientDeps;
  readonly #init: ControlClientInit;
  readonly #server: ServerAddress;
  readonly #states = new Listeners<[ControlPlaneState]>();
  readonly #signals = new Listeners<[BoxId, Uint8Array]>();
  readonly #tunnelListeners = new Listeners<[BoxId, ByteStream]>();
  readonly #closing = new AbortController();
  readonly #alarm: Alarm;
  readonly #watching: Disposable | undefined;
  #state: ControlPlaneState = 'connecting';
  #problem = '';
  #session: ClientSession | undefined;
  #tunnels: ClientTunnels | undefined;
  #dialing = false;
  #failures = 0;
  #offlineSince: Instant;
  #entry: DirectoryEntry | undefined;
  #ice: { readonly servers: readonly IceServer[]; readonly until: Instant } | undefined;

  constructor(deps: ControlClientDeps, init: ControlClientInit, server: ServerAddress) {
    this.#deps = deps;
    this.#init = init;
    this.#server = server;
    this.#offlineSince = deps.clock.now();
    this.#alarm = deps.clock.alarm(() => void this.#dial());
    this.#watching = deps.watch?.onChange(() => this.#networkChanged());
    void this.#dial();
  }

  get state(): ControlPlaneState {
    return this.#state;
  }

  get problem(): string {
    return this.#problem;
  }

  onState(listener: (state: ControlPlaneState) => void): Disposable {
    return this.#states.add(listener);
  }

  async signal(to: BoxId, message: Uint8Array): Promise<void> {
    if (message.length > MAX_SIGNAL)
      throw new PortError('invalid', `a signalling message may have ${MAX_SIGNAL} octets`);
    await this.#ask({ type: 'signal', to, message });
  }

  onSignal(listener: (from: BoxId, message: Uint8Array) => void): Disposable {
    return this.#signals.add(listener);
  }

  async iceServers(): Promise<readonly IceServer[]> {
    const now = this.#deps.clock.now();
    if (this.#ice && now < this.#ice.until) return this.#ice.servers;
    if (!this.#session) return [];
    const answer = expect('ice', await this.#ask({ type: 'ice' }));
    const servers = answer.servers.map(toIceServer);
    // Half of the time: what is given out now may be needed for a while.
    const until = after(now, (answer.lasts * 500_000) as Micros);
    this.#ice = { servers, until };
    return servers;
  }

  async openTunnel(to: BoxId, signal: AbortSignal): Promise<ByteStream> {
    if (!this.#tunnels) throw unreachable(this.#server.url, this.#problem);
    return this.#tunnels.open(to, signal);
  }

  onTunnel(listener: (from: BoxId, stream: ByteStream) => void): Disposable {
    return this.#tunnelListeners.add(listener);
  }

  publish(entry: DirectoryEntry | undefined): void {
    if (entry === this.#entry) return;
    this.#entry = entry;
    if (this.#session) void this.#publishTo(this.#session);
  }

  async invite(): Promise<Invitation> {
    if (!this.#entry) throw new PortError('invalid', 'there is no session to invite to');
    const { session } = this.#entry;
    const { code, expiresAt } = expect('invitation', await this.#ask({ type: 'invite' }));
    const secret = this.#deps.randomness.bytes(SECRET_OCTETS);
    const parts = { server: this.#server.url, code, secret };
    const link = writeInvitationLink(parts, 'app');
    const webLink = writeInvitationLink(parts, 'web');
    return { link, webLink, session, code, secret, expiresAt: expiresAt as WallTime };
  }

  async revoke(code: string): Promise<void> {
    await this.#ask({ type: 'revoke', code });
  }

  async open(link: string, signal: AbortSignal): Promise<InvitedEntry> {
    const { server, code, secret } = readInvitationLink(link);
    if (readServerAddress(server).url !== this.#server.url)
      throw new PortError(
        'unavailable',
        `that invitation is for ${server}; set control.server to it to use it`,
      );
    const { entry } = expect('entry', await this.#ask({ type: 'open', code }, signal));
    if (!entry) throw new PortError('unavailable', 'nobody of that session is online now');
    return { ...entry, secret };
  }

  async find(session: SessionId, signal: AbortSignal): Promise<DirectoryEntry | undefined> {
    const { entry } = expect('entry', await this.#ask({ type: 'find', session }, signal));
    // A server may answer with another session than the one that was asked for.
    return entry?.session === session ? entry : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'off') return;
    this.#closing.abort(new PortError('closed', 'the control plane was closed'));
    this.#watching?.[Symbol.dispose]();
    this.#alarm[Symbol.dispose]();
    this.#session?.close();
    this.#session = undefined;
    this.#tunnels = undefined;
    this.#setState('off', '');
    this.#states.clear();
    this.#signals.clear();
    this.#tunnelListeners.clear();
  }

  async #dial(): Promise<void> {
    if (this.#dialing || this.#session || this.#state === 'off') return;
    this.#dialing = true;
    let farewell: { code: number; reason: string } | undefined;
    try {
      const session = await openClientSession(
        this.#deps,
        { ...this.#init, server: this.#server },
        this.#closing.signal,
        (code, reason) => {
          farewell = { code, reason };
        },
      );
      this.#dialing = false;
      this.#enter(session);
    } catch (failure) {
      this.#dialing = false;
      if (this.#closing.signal.aborted) return;
      if (farewell) this.#leave(farewell.code, farewell.reason);
      else this.#failed(failure);
    }
  }

  #failed(failure: unknown): void {
    const full = failure instanceof PortError && failure.code === 'full';
    const problem = failure instanceof Error ? failure.message : String(failure);
    // Who is turned away at the door and knocks each second stays out.
    this.#dialAgain(problem, full ? WAIT_WHEN_FULL : undefined);
  }

  #enter(session: ClientSession): void {
    this.#session = session;
    this.#failures = 0;
    this.#ice = undefined;
    this.#tunnels = openClientTunnels({ clock: this.#deps.clock, session }, (from, stream) => {
      if (this.#tunnelListeners.size === 0) return false;
      this.#tunnelListeners.emit(from, stream);
      return true;
    });
    session.onNews((news) => {
      if (news.type === 'signal') this.#signals.emit(news.from, news.message);
    });
    session.onClosed((code, reason) => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#tunnels = undefined;
      this.#offlineSince = this.#deps.clock.now();
      this.#leave(code, reason);
    });
    session.watchful = this.#entry !== undefined;
    if (this.#entry) void this.#publishTo(session);
    this.#deps.log.info('signed in to the control plane', { server: this.#server.name });
    this.#setState('online', '');
  }

  #leave(code: number, reason: string): void {
    const { problem, wait } = farewellFrom(this.#server.name, code, reason);
    this.#dialAgain(problem, wait);
  }

  #dialAgain(problem: string, wait?: Micros): void {
    if (this.#state === 'off') return;
    const { clock, randomness, log } = this.#deps;
    const now = clock.now();
    const offlineFor = elapsed(this.#offlineSince, now);
    const usual = redialAfter(this.#failures++, offlineFor, randomness);
    this.#alarm.set(after(now, Math.max(usual, wait ?? 0) as Micros));
    if (problem !== this.#problem)
      log.warn('the control plane is out of reach', { server: this.#server.name, problem });
    this.#setState('offline', problem);
  }

  #networkChanged(): void {
    this.#failures = 0;
    this.#offlineSince = this.#deps.clock.now();
    if (this.#session) this.#session.probe();
    else if (!this.#dialing && this.#state !== 'off') this.#alarm.set(this.#deps.clock.now());
  }

  async #publishTo(session: ClientSession): Promise<void> {
    session.watchful = this.#entry !== undefined;
    try {
      await session.ask({ type: 'publish', entry: this.#entry ?? null });
    } catch (failure) {
      // If the connection broke, it is told anew after the next sign-in.
      if (this.#session === session)
        this.#deps.log.warn('the directory did not take our session', { failure });
    }
  }

  async #ask(question: Question, signal?: AbortSignal): Promise<ServerAnswer> {
    signal?.throwIfAborted();
    if (!this.#session) throw unreachable(this.#server.url, this.#problem);
    const asking = this.#session.ask(question);
    return signal ? orAborted(asking, signal) : asking;
  }

  #setState(state: ControlPlaneState, problem: string): void {
    this.#problem = problem;
    if (state === this.#state) return;
    this.#state = state;
    this.#states.emit(state);
  }
}

function expect<T extends ServerAnswer['type']>(
  type: T,
  answer: ServerAnswer,
): Extract<ServerAnswer, { readonly type: T }> {
  if (answer.type === type) return answer as Extract<ServerAnswer, { readonly type: T }>;
  throw new PortError('unavailable', 'the server answered something else; update it');
}

const toIceServer = ({
  url,
  username,
  credential,
}: {
  readonly url: string;
  readonly username?: string | undefined;
  readonly credential?: string | undefined;
}): IceServer => ({
  url,
  ...(username === undefined ? {} : { username }),
  ...(credential === undefined ? {} : { credential }),
});

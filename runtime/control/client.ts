/**
 * A box's end of the control plane: signed in as long as there is a network.
 *
 * Takes  a server's address, the box's identity, WebSockets.
 * Gives  what ControlPlane promises; while there is no connection, words that say why.
 * Keeps  what is published, told anew after each sign-in; TURN credentials while they last.
 * Lane   4.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import { after, type Instant, type Micros, type WallTime } from '../core/time.ts';
import type { IceServer } from '../ports/peer-connection.ts';
import type { ByteStream } from '../ports/stream-network.ts';
import { type LineDeps, ServerLine } from './client-line.ts';
import type { ClientSession } from './client-session.ts';
import { type ClientTunnels, openClientTunnels } from './client-tunnels.ts';
import type {
  ControlPlane,
  ControlPlaneState,
  DirectoryEntry,
  Invitation,
  InvitedEntry,
} from './control-plane.ts';
import {
  newInvitationSecret,
  readInvitationLink,
  writeInvitationLink,
  writeShortLink,
} from './invitation-link.ts';
import type { ServerAnswer } from './message.ts';
import { MAX_SIGNAL } from './message-codec.ts';
import { readServerAddress, type ServerAddress } from './server-address.ts';

export type ControlClientDeps = LineDeps;

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
  readonly #server: ServerAddress;
  readonly #signals = new Listeners<[BoxId, Uint8Array]>();
  readonly #tunnelListeners = new Listeners<[BoxId, ByteStream]>();
  readonly #line: ServerLine;
  #tunnels: ClientTunnels | undefined;
  #entry: DirectoryEntry | undefined;
  #ice: { readonly servers: readonly IceServer[]; readonly until: Instant } | undefined;

  constructor(deps: ControlClientDeps, init: ControlClientInit, server: ServerAddress) {
    this.#deps = deps;
    this.#server = server;
    this.#line = new ServerLine(deps, { ...init, server }, (session) => this.#enter(session));
  }

  get state(): ControlPlaneState {
    return this.#line.state;
  }

  get problem(): string {
    return this.#line.problem;
  }

  onState(listener: (state: ControlPlaneState) => void): Disposable {
    return this.#line.onState(listener);
  }

  async signal(to: BoxId, message: Uint8Array): Promise<void> {
    if (message.length > MAX_SIGNAL)
      throw new PortError('invalid', `a signalling message may have ${MAX_SIGNAL} octets`);
    await this.#line.ask({ type: 'signal', to, message });
  }

  onSignal(listener: (from: BoxId, message: Uint8Array) => void): Disposable {
    return this.#signals.add(listener);
  }

  async iceServers(): Promise<readonly IceServer[]> {
    const now = this.#deps.clock.now();
    if (this.#ice && now < this.#ice.until) return this.#ice.servers;
    if (!this.#line.session) return [];
    const answer = expect('ice', await this.#line.ask({ type: 'ice' }));
    const servers = answer.servers.map(toIceServer);
    // Half of the time: what is given out now may be needed for a while.
    const until = after(now, (answer.lasts * 500_000) as Micros);
    this.#ice = { servers, until };
    return servers;
  }

  async openTunnel(to: BoxId, signal: AbortSignal): Promise<ByteStream> {
    this.#line.reached();
    if (!this.#tunnels) throw new PortError('closed', 'the control plane was closed');
    return this.#tunnels.open(to, signal);
  }

  onTunnel(listener: (from: BoxId, stream: ByteStream) => void): Disposable {
    return this.#tunnelListeners.add(listener);
  }

  publish(entry: DirectoryEntry | undefined): void {
    if (entry === this.#entry) return;
    this.#entry = entry;
    const { session } = this.#line;
    if (session) void this.#publishTo(session);
  }

  async invite(): Promise<Invitation> {
    if (!this.#entry) throw new PortError('invalid', 'there is no session to invite to');
    const { session } = this.#entry;
    const { code, expiresAt } = expect('invitation', await this.#line.ask({ type: 'invite' }));
    const { seed, secret } = newInvitationSecret(this.#deps.randomness);
    const server = this.#server.url;
    const link = writeInvitationLink({ server, code, secret });
    const webLink = writeShortLink({ server, code, seed });
    return { link, webLink, session, code, secret, expiresAt: expiresAt as WallTime };
  }

  async revoke(code: string): Promise<void> {
    await this.#line.ask({ type: 'revoke', code });
  }

  async open(link: string, signal: AbortSignal): Promise<InvitedEntry> {
    const { server, code, secret } = readInvitationLink(link);
    if (readServerAddress(server).url !== this.#server.url)
      throw new PortError(
        'unavailable',
        `that invitation is for ${server}; set control.server to it to use it`,
      );
    const { entry } = expect('entry', await this.#line.ask({ type: 'open', code }, signal));
    if (!entry) throw new PortError('unavailable', 'nobody of that session is online now');
    return { ...entry, secret };
  }

  async find(session: SessionId, signal: AbortSignal): Promise<DirectoryEntry | undefined> {
    const { entry } = expect('entry', await this.#line.ask({ type: 'find', session }, signal));
    // A server may answer with another session than the one that was asked for.
    return entry?.session === session ? entry : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#line[Symbol.dispose]();
    this.#tunnels = undefined;
    this.#signals.clear();
    this.#tunnelListeners.clear();
  }

  #enter(session: ClientSession): void {
    this.#ice = undefined;
    this.#tunnels = openClientTunnels({ clock: this.#deps.clock, session }, (from, stream) => {
      if (this.#tunnelListeners.size === 0) return false;
      this.#tunnelListeners.emit(from, stream);
      return true;
    });
    session.onNews((news) => {
      if (news.type === 'signal') this.#signals.emit(news.from, news.message);
    });
    session.watchful = this.#entry !== undefined;
    if (this.#entry) void this.#publishTo(session);
  }

  async #publishTo(session: ClientSession): Promise<void> {
    session.watchful = this.#entry !== undefined;
    try {
      await session.ask({ type: 'publish', entry: this.#entry ?? null });
    } catch (failure) {
      // If the connection broke, it is told anew after the next sign-in.
      if (this.#line.session === session)
        this.#deps.log.warn('the directory did not take our session', { failure });
    }
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

/**
 * One box's end of the control plane in memory.
 *
 * Takes  what its box asks. Gives what the server does with it, honest or not.
 * Keeps  what the box published, its listeners and its tunnels.
 */
import type {
  ControlPlane,
  ControlPlaneState,
  DirectoryEntry,
  Invitation,
  InvitedEntry,
} from '../runtime/control/control-plane.ts';
import {
  codeFrom,
  newInvitationSecret,
  readInvitationLink,
  writeInvitationLink,
  writeShortLink,
} from '../runtime/control/invitation-link.ts';
import type { BoxId, SessionId } from '../runtime/core/ensemble.ts';
import { PortError } from '../runtime/core/errors.ts';
import { JoinFailure } from '../runtime/core/join-failure.ts';
import { Listeners } from '../runtime/core/listeners.ts';
import type { Micros, WallTime } from '../runtime/core/time.ts';
import type { Clock, WallClock } from '../runtime/ports/clock.ts';
import type { IceServer } from '../runtime/ports/peer-connection.ts';
import type { Randomness } from '../runtime/ports/randomness.ts';
import type { ByteStream } from '../runtime/ports/stream-network.ts';
import { placeOfBox } from '../runtime/transport/link/place.ts';
import { openVirtualTunnel, type VirtualTunnel } from './virtual-tunnel.ts';

const INVITATION_LASTS = 24 * 3_600_000;
const MOST = 16_384;

export interface Letter {
  readonly from: BoxId;
  readonly to: BoxId;
  readonly message: Uint8Array;
}

/** What a server could do. Each is called for what passes; undefined: an honest server. */
export interface Misdeeds {
  /** What is delivered for a letter: nothing, the same twice, later ones again, from somebody else, to somebody else. */
  letter?: ((letter: Letter) => readonly Letter[]) | undefined;
  /** What is answered to who asks for a session, or opens an invitation. */
  entry?: ((entry: DirectoryEntry, asker: BoxId) => DirectoryEntry | undefined) | undefined;
  /** Where a tunnel leads and whom it is said to come from; undefined: nowhere. */
  tunnel?: ((from: BoxId, to: BoxId) => { from: BoxId; to: BoxId } | undefined) | undefined;
  tunnelBytes?: ((bytes: Uint8Array, from: BoxId, to: BoxId) => Uint8Array) | undefined;
}

/** The server, as its planes see it. */
export interface PlaneHub {
  readonly init: {
    readonly clock: Clock & WallClock;
    readonly randomness: Randomness;
    readonly iceServers?: readonly IceServer[];
  };
  readonly server: string;
  readonly misdeeds: Misdeeds;
  readonly letters: Letter[];
  readonly planes: Map<BoxId, VirtualPlane>;
  readonly invitations: Map<string, { session: SessionId; expiresAt: WallTime }>;
  readonly delay: () => Micros;
  reaches(box: BoxId): boolean;
  deliver(letter: Letter): void;
  /** In order for each `way`. */
  later(way: string, work: () => void): void;
  /** What the directory has: a session is there as long as one that published it is online. */
  published(session: SessionId): DirectoryEntry | undefined;
}

export class VirtualPlane implements ControlPlane {
  readonly box: BoxId;
  entry: DirectoryEntry | undefined;
  readonly #hub: PlaneHub;
  readonly #states = new Listeners<[ControlPlaneState]>();
  readonly #signals = new Listeners<[BoxId, Uint8Array]>();
  readonly #tunnels = new Listeners<[BoxId, ByteStream]>();
  readonly #held = new Set<VirtualTunnel>();
  #state: ControlPlaneState;

  constructor(hub: PlaneHub, box: BoxId) {
    this.#hub = hub;
    this.box = box;
    this.#state = hub.reaches(box) ? 'online' : 'offline';
  }

  get state(): ControlPlaneState {
    return this.#state;
  }

  get problem(): string {
    return this.#state === 'offline' ? `${this.#hub.server} does not answer` : '';
  }

  onState(listener: (state: ControlPlaneState) => void): Disposable {
    return this.#states.add(listener);
  }

  async signal(to: BoxId, message: Uint8Array): Promise<void> {
    if (message.length > MOST) throw new PortError('invalid', 'a signalling message is too long');
    const letter: Letter = { from: this.box, to, message: message.slice() };
    await this.#turn();
    this.#hub.letters.push(letter);
    if (this.#hub.planes.get(to)?.state !== 'online')
      throw new PortError('unavailable', 'that box is not online');
    for (const each of this.#hub.misdeeds.letter?.(letter) ?? [letter]) this.#hub.deliver(each);
  }

  onSignal(listener: (from: BoxId, message: Uint8Array) => void): Disposable {
    return this.#signals.add(listener);
  }

  async iceServers(): Promise<readonly IceServer[]> {
    return this.#state === 'online' ? (this.#hub.init.iceServers ?? []) : [];
  }

  async openTunnel(to: BoxId, signal: AbortSignal): Promise<ByteStream> {
    await this.#turn();
    signal.throwIfAborted();
    const { misdeeds, planes, init, delay } = this.#hub;
    const way = misdeeds.tunnel ? misdeeds.tunnel(this.box, to) : { from: this.box, to };
    const far = way && planes.get(way.to);
    if (!way || far?.state !== 'online')
      throw new PortError('unavailable', 'that box is not online');
    const tunnel = openVirtualTunnel({
      clock: init.clock,
      delay,
      near: placeOfBox(way.from),
      far: placeOfBox(to),
      tamper: (bytes, direction) => {
        const [from, at] = direction === 'out' ? [this.box, to] : [to, this.box];
        return misdeeds.tunnelBytes?.(bytes, from, at) ?? bytes;
      },
    });
    for (const plane of [this, far]) {
      plane.#held.add(tunnel);
      tunnel.near.onClosed(() => plane.#held.delete(tunnel));
    }
    this.#hub.later(`${this.box}>${way.to}`, () => {
      if (far.state === 'online' && far.#tunnels.size > 0) far.#tunnels.emit(way.from, tunnel.far);
      else tunnel.cut();
    });
    return tunnel.near;
  }

  onTunnel(listener: (from: BoxId, stream: ByteStream) => void): Disposable {
    return this.#tunnels.add(listener);
  }

  publish(entry: DirectoryEntry | undefined): void {
    this.entry = entry;
  }

  async invite(): Promise<Invitation> {
    await this.#turn();
    if (!this.entry) throw new PortError('invalid', 'there is no session to invite to');
    const { randomness, clock } = this.#hub.init;
    const code = codeFrom(randomness.bytes(9));
    const { seed, secret } = newInvitationSecret(randomness);
    const { session } = this.entry;
    const expiresAt = (clock.wallNow() + INVITATION_LASTS) as WallTime;
    this.#hub.invitations.set(code, { session, expiresAt });
    const { server } = this.#hub;
    const link = writeInvitationLink({ server, code, secret });
    const webLink = writeShortLink({ server, code, seed });
    return { link, webLink, session, code, secret, expiresAt };
  }

  async revoke(code: string): Promise<void> {
    await this.#turn();
    this.#hub.invitations.delete(code);
  }

  async open(link: string, signal: AbortSignal): Promise<InvitedEntry> {
    const { code, secret, server } = readInvitationLink(link);
    if (server !== this.#hub.server)
      throw new PortError('unavailable', `that invitation is for ${server}`);
    await this.#turn();
    signal.throwIfAborted();
    const invitation = this.#hub.invitations.get(code);
    if (!invitation || invitation.expiresAt < this.#hub.init.clock.wallNow())
      throw new PortError('unavailable', 'the invitation has expired; ask for a new one');
    const entry = this.#answer(invitation.session);
    if (!entry) throw new PortError('unavailable', 'nobody of that session is online');
    return { ...entry, secret };
  }

  async find(session: SessionId, signal: AbortSignal): Promise<DirectoryEntry | undefined> {
    await this.#turn();
    signal.throwIfAborted();
    return this.#answer(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hub.planes.get(this.box) === this) this.#hub.planes.delete(this.box);
    this.#setState('off');
    this.#states.clear();
    this.#signals.clear();
    this.#tunnels.clear();
  }

  receive({ from, message }: Letter): void {
    if (this.#state === 'online') this.#signals.emit(from, message);
  }

  /** Whether the server is reached may have changed. */
  look(): void {
    if (this.#state !== 'off') this.#setState(this.#hub.reaches(this.box) ? 'online' : 'offline');
  }

  #answer(session: SessionId): DirectoryEntry | undefined {
    const entry = this.#hub.published(session);
    const { misdeeds } = this.#hub;
    return entry && misdeeds.entry ? misdeeds.entry(entry, this.box) : entry;
  }

  /** To the server and back. */
  async #turn(): Promise<void> {
    const away = (): PortError =>
      new JoinFailure(
        'serverUnreachable',
        `${this.#hub.server} does not answer; check the network`,
      );
    if (this.#state !== 'online') throw away();
    await new Promise<void>((resolve) => this.#hub.later(`${this.box}>`, resolve));
    if (this.#state !== 'online') throw away();
  }

  #setState(state: ControlPlaneState): void {
    if (state === this.#state) return;
    this.#state = state;
    if (state !== 'online') for (const tunnel of this.#held) tunnel.cut();
    this.#states.emit(state);
  }
}

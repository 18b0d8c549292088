/**
 * Tunnels of one connection: octets between its box and others, by way of the server.
 *
 * Takes  what its box sends, and what the other ends' connections say over the Bus.
 * Gives  frames to its box, mail to the other ends.
 * Keeps  for each tunnel how much may still come: an end that sends more than its window is not waiting, and is closed.
 *        What waits in the server is so never more than the windows. An account above its rate gets its credit later.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { BoxId } from '../../core/ensemble.ts';
import { after, elapsed, fromMillis, fromSeconds, type Instant } from '../../core/time.ts';
import type { TokenBucket } from '../../core/token-bucket.ts';
import type { Alarm, Clock } from '../../ports/clock.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { ServerAnswer, ServerMessage } from '../message.ts';
import { encodeTunnelFrame, TUNNEL_WINDOW, type TunnelFrame } from '../tunnel-frame.ts';
import type { BoxMail } from './box-mail.ts';
import type { ServerCounters } from './counters.ts';
import type { Presence } from './presence.ts';

export interface TunnelDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly presence: Presence;
  readonly counters: ServerCounters;
  /** Of this account, all its connections together. */
  readonly rate: TokenBucket;
  readonly toBox: (message: ServerMessage) => void;
  readonly frameToBox: (frame: Uint8Array) => void;
  readonly mail: (to: BoxId, mail: BoxMail) => void;
}

type TunnelMail = Exclude<BoxMail, { readonly kind: 'signal' | 'replaced' }>;

interface Tunnel {
  readonly peer: BoxId;
  /** `asking`: our box asked, and its request waits for an answer. */
  state: 'asking' | 'asked' | 'open';
  readonly request: number | undefined;
  /** What our box may still send. */
  window: number;
  /** What our box got and has not said it used up. */
  unused: number;
  /** Credit for our box that waits until its account is within its rate. */
  heldCredit: number;
  usedAt: Instant;
}

const ANSWER_WITHIN = fromSeconds(10);
const IDLE = fromSeconds(120);
const LOOK_EVERY = fromMillis(100);
const TUNNEL_OCTETS = 8;

export class BoxTunnels {
  readonly #deps: TunnelDeps;
  readonly #box: BoxId;
  readonly #most: number;
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #alarm: Alarm;

  constructor(deps: TunnelDeps, init: { readonly box: BoxId; readonly most: number }) {
    this.#deps = deps;
    this.#box = init.box;
    this.#most = init.most;
    this.#alarm = deps.clock.alarm(() => this.#look());
  }

  /** Undefined: the answer comes when the other end gives one. */
  async ask(request: number, to: BoxId): Promise<ServerAnswer | undefined> {
    if (to === this.#box) return refusal(request, 'invalid', 'a tunnel to itself leads nowhere');
    if (this.#tunnels.size >= this.#most)
      return refusal(request, 'full', 'too many tunnels of this box are open');
    if (!(await this.#deps.presence.isOnline(to)))
      return refusal(request, 'unavailable', 'that box is not online');
    const tunnel = bytesToHex(this.#deps.randomness.bytes(TUNNEL_OCTETS));
    this.#hold(tunnel, to, 'asking', request);
    this.#deps.mail(to, { kind: 'ask', from: this.#box, tunnel });
    return undefined;
  }

  accept(id: string): void {
    const tunnel = this.#tunnels.get(id);
    if (tunnel?.state !== 'asked') return;
    this.#opened(tunnel);
    this.#deps.mail(tunnel.peer, { kind: 'accept', from: this.#box, tunnel: id });
  }

  /** Our box's octets. */
  send({ tunnel: id, octets }: TunnelFrame): void {
    const tunnel = this.#tunnels.get(id);
    // Frames that were on their way when it closed.
    if (tunnel?.state !== 'open') return;
    tunnel.window -= octets.length;
    if (tunnel.window < 0) {
      this.#end(id, tunnel, 'more came than the window allows');
      return;
    }
    tunnel.usedAt = this.#deps.clock.now();
    this.#deps.rate.spend(octets.length);
    this.#deps.counters.tunnelOctets += octets.length;
    this.#deps.mail(tunnel.peer, { kind: 'data', from: this.#box, tunnel: id, octets });
  }

  /** Our box has used up that much. */
  credit(id: string, octets: number): void {
    const tunnel = this.#tunnels.get(id);
    if (tunnel?.state !== 'open') return;
    if (octets > tunnel.unused) {
      this.#end(id, tunnel, 'more was credited than came');
      return;
    }
    tunnel.unused -= octets;
    this.#deps.mail(tunnel.peer, { kind: 'credit', from: this.#box, tunnel: id, octets });
  }

  close(id: string, reason: string): void {
    const tunnel = this.#tunnels.get(id);
    if (!tunnel) return;
    this.#forget(id, tunnel);
    this.#deps.mail(tunnel.peer, { kind: 'close', from: this.#box, tunnel: id, reason });
  }

  /** From the other end, or from who says to be it. */
  receive(mail: TunnelMail): void {
    const { from, tunnel: id } = mail;
    if (mail.kind === 'ask') {
      this.#asked(id, from);
      return;
    }
    const tunnel = this.#tunnels.get(id);
    if (tunnel?.peer !== from) return;
    tunnel.usedAt = this.#deps.clock.now();
    switch (mail.kind) {
      case 'accept':
        if (tunnel.state !== 'asking' || tunnel.request === undefined) return;
        this.#opened(tunnel);
        this.#deps.counters.tunnelsOpened++;
        this.#deps.toBox({ type: 'opened', id: tunnel.request, tunnel: id });
        return;
      case 'data':
        tunnel.unused += mail.octets.length;
        this.#deps.frameToBox(encodeTunnelFrame({ tunnel: id, octets: mail.octets }));
        return;
      case 'credit':
        tunnel.heldCredit += mail.octets;
        this.#releaseCredit(id, tunnel);
        return;
      case 'close':
        this.#forget(id, tunnel);
        this.#tellEnd(id, tunnel, mail.reason);
        return;
    }
  }

  /** The connection ends. */
  closeAll(reason: string): void {
    for (const id of [...this.#tunnels.keys()]) this.close(id, reason);
    this.#alarm[Symbol.dispose]();
  }

  #asked(id: string, from: BoxId): void {
    if (this.#tunnels.has(id)) return;
    if (this.#tunnels.size >= this.#most) {
      const reason = 'too many tunnels of that box are open';
      this.#deps.mail(from, { kind: 'close', from: this.#box, tunnel: id, reason });
      return;
    }
    this.#hold(id, from, 'asked', undefined);
    this.#deps.toBox({ type: 'asked', tunnel: id, from });
  }

  #hold(id: string, peer: BoxId, state: Tunnel['state'], request: number | undefined): void {
    const usedAt = this.#deps.clock.now();
    const window = TUNNEL_WINDOW;
    this.#tunnels.set(id, { peer, state, request, window, unused: 0, heldCredit: 0, usedAt });
    if (this.#tunnels.size === 1) this.#alarm.set(after(usedAt, LOOK_EVERY));
  }

  #opened(tunnel: Tunnel): void {
    tunnel.state = 'open';
    tunnel.usedAt = this.#deps.clock.now();
    this.#deps.counters.tunnels++;
  }

  #releaseCredit(id: string, tunnel: Tunnel): void {
    if (tunnel.heldCredit === 0 || !this.#deps.rate.has(1, this.#deps.clock.now())) return;
    const octets = tunnel.heldCredit;
    tunnel.heldCredit = 0;
    tunnel.window += octets;
    this.#deps.toBox({ type: 'credit', tunnel: id, octets });
  }

  #look(): void {
    const now = this.#deps.clock.now();
    for (const [id, tunnel] of this.#tunnels) {
      this.#releaseCredit(id, tunnel);
      const quiet = elapsed(tunnel.usedAt, now);
      if (tunnel.state !== 'open' && quiet > ANSWER_WITHIN)
        this.#end(id, tunnel, 'that box did not answer');
      else if (quiet > IDLE) this.#end(id, tunnel, 'nothing came through for two minutes');
    }
    if (this.#tunnels.size > 0) this.#alarm.set(after(now, LOOK_EVERY));
  }

  /** For both ends. */
  #end(id: string, tunnel: Tunnel, reason: string): void {
    this.close(id, reason);
    this.#tellEnd(id, tunnel, reason);
  }

  #tellEnd(id: string, { state, request }: Tunnel, reason: string): void {
    if (state === 'asking' && request !== undefined)
      this.#deps.toBox(refusal(request, 'unavailable', reason));
    else this.#deps.toBox({ type: 'close', tunnel: id, reason });
  }

  #forget(id: string, tunnel: Tunnel): void {
    this.#tunnels.delete(id);
    if (tunnel.state === 'open') this.#deps.counters.tunnels--;
  }
}

const refusal = (
  id: number,
  code: 'invalid' | 'unavailable' | 'full',
  reason: string,
): ServerAnswer => ({ type: 'refused', id, code, reason });

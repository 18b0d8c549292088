/**
 * The line to the server: one connection, signed in, dialed again for as long as it is wanted.
 *
 * Takes  a server's address, the box's identity, WebSockets; word of changed addresses.
 * Gives  each connection as it comes, and why there is none, in words.
 * Keeps  a back-off that suits a stage first and the server later.
 */
import { orAborted } from '../core/abort.ts';
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import type { Log } from '../core/log.ts';
import { after, elapsed, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { WebSockets } from '../ports/web-sockets.ts';
import type { Identity } from '../privacy/identity.ts';
import {
  type ClientSession,
  openClientSession,
  type Question,
  type SessionInit,
} from './client-session.ts';
import { farewellFrom, unreachable } from './client-words.ts';
import type { ControlPlaneState } from './control-plane.ts';
import type { ServerAnswer } from './message.ts';
import { redialAfter } from './redial.ts';

const WAIT_WHEN_FULL = fromSeconds(10);

export interface LineDeps {
  readonly webSockets: WebSockets;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  /** Told when the machine's addresses change: whatever was tried before may work now. */
  readonly watch?: { onChange(listener: () => void): Disposable };
}

export class ServerLine implements Disposable {
  readonly #deps: LineDeps;
  readonly #init: SessionInit;
  readonly #onSession: (session: ClientSession) => void;
  readonly #states = new Listeners<[ControlPlaneState]>();
  readonly #closing = new AbortController();
  readonly #alarm: Alarm;
  readonly #watching: Disposable | undefined;
  #state: ControlPlaneState = 'connecting';
  #problem = '';
  #session: ClientSession | undefined;
  #dialing = false;
  #dialedAt: Instant;
  #failures = 0;
  #offlineSince: Instant;

  /** `onSession`: told of each connection once it is signed in, before `online` is told. */
  constructor(deps: LineDeps, init: SessionInit, onSession: (session: ClientSession) => void) {
    this.#deps = deps;
    this.#init = init;
    this.#onSession = onSession;
    this.#offlineSince = deps.clock.now();
    this.#dialedAt = this.#offlineSince;
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

  get session(): ClientSession | undefined {
    return this.#session;
  }

  onState(listener: (state: ControlPlaneState) => void): Disposable {
    return this.#states.add(listener);
  }

  /** Rejects with JoinFailure while there is no connection, else as the session does. */
  async ask(question: Question, signal?: AbortSignal): Promise<ServerAnswer> {
    signal?.throwIfAborted();
    const asking = this.reached().ask(question);
    return signal ? orAborted(asking, signal) : asking;
  }

  /** Throws JoinFailure while there is no connection. */
  reached(): ClientSession {
    if (!this.#session) throw unreachable(this.#init.server.url, this.#problem);
    return this.#session;
  }

  [Symbol.dispose](): void {
    if (this.#state === 'off') return;
    this.#closing.abort(new PortError('closed', 'the control plane was closed'));
    this.#watching?.[Symbol.dispose]();
    this.#alarm[Symbol.dispose]();
    const session = this.#session;
    this.#session = undefined;
    session?.close();
    this.#setState('off', '');
    this.#states.clear();
  }

  async #dial(): Promise<void> {
    if (this.#dialing || this.#session || this.#state === 'off') return;
    this.#dialing = true;
    this.#dialedAt = this.#deps.clock.now();
    let farewell: { code: number; reason: string } | undefined;
    try {
      const session = await openClientSession(
        this.#deps,
        this.#init,
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
    // Who is refused and asks again each second stays out.
    this.#dialAgain(problem, full ? WAIT_WHEN_FULL : undefined);
  }

  #enter(session: ClientSession): void {
    this.#session = session;
    this.#failures = 0;
    session.onClosed((code, reason) => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#offlineSince = this.#deps.clock.now();
      this.#dialedAt = this.#offlineSince;
      this.#leave(code, reason);
    });
    this.#onSession(session);
    this.#deps.log.info('signed in to the control plane', { server: this.#init.server.name });
    this.#setState('online', '');
  }

  #leave(code: number, reason: string): void {
    const { problem, wait } = farewellFrom(this.#init.server.name, code, reason);
    this.#dialAgain(problem, wait);
  }

  #dialAgain(problem: string, wait?: Micros): void {
    if (this.#state === 'off') return;
    const { clock, randomness, log } = this.#deps;
    const now = clock.now();
    const offlineFor = elapsed(this.#offlineSince, now);
    // A dialing that got no answer has waited already.
    const tried = elapsed(this.#dialedAt, now);
    const usual = redialAfter(this.#failures++, offlineFor, tried, randomness);
    this.#alarm.set(after(now, Math.max(usual, wait ?? 0) as Micros));
    if (problem !== this.#problem)
      log.warn('the control plane is out of reach', { server: this.#init.server.name, problem });
    this.#setState('offline', problem);
  }

  #networkChanged(): void {
    this.#failures = 0;
    this.#offlineSince = this.#deps.clock.now();
    if (this.#session) this.#session.probe();
    else if (!this.#dialing && this.#state !== 'off') this.#alarm.set(this.#deps.clock.now());
  }

  #setState(state: ControlPlaneState, problem: string): void {
    this.#problem = problem;
    if (state === this.#state) return;
    this.#state = state;
    this.#states.emit(state);
  }
}

/**
 * One connection to the server, signed in: from the dial to its end.
 *
 * Takes  a server's address and this box's identity.
 * Gives  answers to requests, and what comes unasked.
 * Keeps  requests that wait. A server that answers nothing for a while is taken for dead.
 */
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import { after, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import { ToldOnce } from '../core/told-once.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { WebSocketConnection, WebSockets } from '../ports/web-sockets.ts';
import type { Identity } from '../privacy/identity.ts';
import type {
  BoxMessage,
  BoxRequest,
  ServerAnswer,
  ServerMessage,
  TunnelMessage,
} from './message.ts';
import { MAX_TEXT, parseServerMessage, writeMessage } from './message-codec.ts';
import { PendingRequests } from './pending-requests.ts';
import { type ServerAddress, SUBPROTOCOL } from './server-address.ts';
import { signedInPart } from './sign-in.ts';
import { decodeTunnelFrame, encodeTunnelFrame, type TunnelFrame } from './tunnel-frame.ts';

export interface SessionDeps {
  readonly webSockets: WebSockets;
  readonly identity: Identity;
  readonly clock: Clock;
}

export interface SessionInit {
  readonly server: ServerAddress;
  readonly certificate?: string;
  readonly software: string;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
export type Question = WithoutId<BoxRequest>;
/** What comes unasked. */
export type ServerNews =
  | Extract<ServerMessage, { readonly type: 'signal' | 'asked' }>
  | TunnelMessage;

const SIGN_IN_WITHIN = fromSeconds(8);
const ANSWER_WITHIN = fromSeconds(8);
/** The server gives the other box ten seconds. */
const TUNNEL_WITHIN = fromSeconds(14);
/** A ping after so much silence; dead when as long again, and at least DEAD_AFTER, brings nothing. */
const PING_IDLE = fromSeconds(15);
const PING_BUSY = fromSeconds(1);
const DEAD_AFTER = fromSeconds(2);
const BROKEN = 1006;

/**
 * Rejects with PortError whose message is for people, or the signal's reason. `onFarewell`: the server ended it before the
 * sign-in, with that code.
 */
export async function openClientSession(
  deps: SessionDeps,
  init: SessionInit,
  signal: AbortSignal,
  onFarewell: (code: number, reason: string) => void,
): Promise<ClientSession> {
  const { server, certificate } = init;
  const socket = await deps.webSockets.connect(
    server.webSocketUrl,
    {
      protocol: SUBPROTOCOL,
      mostOctets: MAX_TEXT,
      ...(certificate === undefined ? {} : { certificate }),
    },
    signal,
  );
  const session = new ClientSession(deps, init, socket);
  const farewell = session.onClosed(onFarewell);
  const abort = (): void => session.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await session.signedIn;
  } finally {
    signal.removeEventListener('abort', abort);
    farewell[Symbol.dispose]();
  }
  signal.throwIfAborted();
  return session;
}

export class ClientSession {
  readonly signedIn: Promise<void>;
  readonly #deps: SessionDeps;
  readonly #init: SessionInit;
  readonly #socket: WebSocketConnection;
  readonly #news = new Listeners<[ServerNews]>();
  readonly #frames = new Listeners<[TunnelFrame]>();
  readonly #closed = new ToldOnce<[code: number, reason: string]>();
  readonly #pending = new PendingRequests();
  readonly #alarm: Alarm;
  #entered: { resolve(): void; reject(failure: PortError): void } | undefined;
  #heardAt: Instant;
  #pingedAt: Instant | undefined;
  #pingAfter = PING_IDLE;
  #signInDue: Instant | undefined;

  constructor(deps: SessionDeps, init: SessionInit, socket: WebSocketConnection) {
    this.#deps = deps;
    this.#init = init;
    this.#socket = socket;
    this.#heardAt = deps.clock.now();
    this.#signInDue = after(this.#heardAt, SIGN_IN_WITHIN);
    this.#alarm = deps.clock.alarm(() => this.#look());
    this.#alarm.set(this.#signInDue);
    this.signedIn = new Promise((resolve, reject) => {
      this.#entered = { resolve, reject };
    });
    socket.onClosed((code, reason) => this.#ended(code, reason));
    socket.onMessage((message) => this.#hear(message));
  }

  /** How soon silence is noticed: at once while it matters. */
  set watchful(on: boolean) {
    this.#pingAfter = on ? PING_BUSY : PING_IDLE;
    if (this.#signInDue === undefined) this.#look();
  }

  /** Whether it still answers is in doubt: asks at once. */
  probe(): void {
    if (this.#signInDue !== undefined || this.#pingedAt !== undefined) return;
    this.#ping();
    this.#setAlarm();
  }

  onNews(listener: (news: ServerNews) => void): Disposable {
    return this.#news.add(listener);
  }

  onFrame(listener: (frame: TunnelFrame) => void): Disposable {
    return this.#frames.add(listener);
  }

  onClosed(listener: (code: number, reason: string) => void): Disposable {
    return this.#closed.listen(listener);
  }

  /**
   * The answer; a refusal rejects with PortError and the server's words. `heard` is told of it before anything that the
   * server said after it.
   */
  async ask(question: Question, heard?: (answer: ServerAnswer) => void): Promise<ServerAnswer> {
    const id = this.#pending.nextId();
    if (!this.#socket.send(writeMessage({ ...question, id } as BoxRequest)))
      throw brokenOff(this.#init.server.name);
    const within = question.type === 'tunnel' ? TUNNEL_WITHIN : ANSWER_WITHIN;
    const answer = this.#pending.wait(id, after(this.#deps.clock.now(), within), heard);
    this.#setAlarm();
    return answer;
  }

  tell(message: Exclude<BoxMessage, BoxRequest>): void {
    this.#socket.send(writeMessage(message));
  }

  sendFrame(frame: TunnelFrame): void {
    this.#socket.send(encodeTunnelFrame(frame));
  }

  close(): void {
    this.#socket.close(1000, '');
    this.#ended(1000, '');
  }

  #hear(message: string | Uint8Array): void {
    this.#heardAt = this.#deps.clock.now();
    this.#pingedAt = undefined;
    if (typeof message !== 'string') {
      const frame = decodeTunnelFrame(message);
      if (frame) this.#frames.emit(frame);
      return;
    }
    const parsed = parseServerMessage(message);
    // Types and fields of a newer server are passed over.
    if (parsed.ok) this.#hearMessage(parsed.value);
  }

  #hearMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'challenge': {
        const { identity } = this.#deps;
        const { server, software } = this.#init;
        const signature = identity.sign(
          signedInPart(server.name, message.nonce, identity.publicKey),
        );
        this.tell({ type: 'sign-in', key: identity.publicKey, signature, software });
        return;
      }
      case 'welcome':
        this.#signInDue = undefined;
        this.#entered?.resolve();
        this.#entered = undefined;
        this.#setAlarm();
        return;
      case 'pong':
        return;
      case 'signal':
      case 'asked':
      case 'close':
      case 'credit':
        this.#news.emit(message);
        return;
      default:
        this.#pending.answered(message);
    }
  }

  #look(): void {
    if (this.#closed.told) return;
    const now = this.#deps.clock.now();
    const due = this.#signInDue ?? this.#pending.nextDue();
    if (due !== undefined && due <= now) this.#giveUp();
    else if (this.#signInDue === undefined && this.#silenceDue() <= now) {
      if (this.#pingedAt !== undefined) this.#giveUp();
      else this.#ping();
    }
    this.#setAlarm();
  }

  /** When the silence is to be broken, or has been long enough after a ping. */
  #silenceDue(): Instant {
    if (this.#pingedAt === undefined) return after(this.#heardAt, this.#pingAfter);
    return after(this.#pingedAt, Math.max(DEAD_AFTER, this.#pingAfter / 2) as Micros);
  }

  #ping(): void {
    this.#pingedAt = this.#deps.clock.now();
    this.tell({ type: 'ping' });
  }

  #setAlarm(): void {
    if (this.#closed.told) return;
    const silence = this.#silenceDue();
    const due = this.#signInDue ?? this.#pending.nextDue() ?? silence;
    this.#alarm.set(this.#signInDue === undefined && silence < due ? silence : due);
  }

  #giveUp(): void {
    this.#socket.close(1000, '');
    this.#ended(BROKEN, 'it answers no more');
  }

  #ended(code: number, reason: string): void {
    if (this.#closed.told) return;
    this.#alarm[Symbol.dispose]();
    // First, so that who waits for the sign-in knows why it failed.
    this.#closed.tell(code, reason);
    const failure = brokenOff(this.#init.server.name);
    this.#entered?.reject(failure);
    this.#entered = undefined;
    this.#pending.failAll(failure);
    this.#news.clear();
    this.#frames.clear();
  }
}

const brokenOff = (server: string): PortError =>
  new PortError('unavailable', `the connection to ${server} broke; try again`);

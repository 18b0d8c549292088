/**
 * Small messages between the two ends of one exchange, through whatever carries them, within the bounds of SIGNALLING.md.
 */
import { Listeners } from '../../core/listeners.ts';
import { ToldOnce } from '../../core/told-once.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { MAX_ATTEMPTS, type SignalMessage } from './signal-message.ts';

/** Disposing it ends the exchange. */
export interface SignalPath extends AsyncDisposable {
  /** Where the far end may be dialed, or was: an address or a place. */
  readonly remote: NetAddress;
  send(message: SignalMessage): void;
  /** Messages within their bounds. Those that came before the first listener are kept for it. */
  onMessage(listener: (message: SignalMessage) => void): Disposable;
  /** Told once, soon when that is past: the far end hung up, broke a rule or can't be reached, for which there is a `cause`. */
  onClosed(listener: (cause: unknown) => void): Disposable;
}

const MAX_CANDIDATES = 64;
const MAX_OCTETS = 65_536;

/** What one side of an exchange has said so far, and whether it may say more. */
export class SignalBounds {
  readonly #fromDialer: boolean;
  readonly #described = new Set<number>();
  #candidates = 0;
  #octets = 0;
  #ended = false;

  constructor(from: 'dialer' | 'acceptor') {
    this.#fromDialer = from === 'dialer';
  }

  /** False: a rule was broken, and the exchange is to end. */
  takes(message: SignalMessage, octets: number): boolean {
    this.#octets += octets;
    if (this.#ended || this.#octets > MAX_OCTETS) return false;
    switch (message.kind) {
      case 'opened':
        this.#ended = true;
        return this.#fromDialer && message.attempt < MAX_ATTEMPTS;
      case 'givenUp':
        this.#ended = true;
        return this.#fromDialer;
      case 'refuse':
        this.#ended = true;
        return !this.#fromDialer;
      case 'signal':
        if (message.signal.kind === 'candidate') return ++this.#candidates <= MAX_CANDIDATES;
        return this.#describes(message.attempt, message.signal.type);
    }
  }

  #describes(attempt: number, type: 'offer' | 'answer'): boolean {
    if (this.#described.has(attempt) || (type === 'offer') !== this.#fromDialer) return false;
    this.#described.add(attempt);
    return true;
  }
}

/** The receiving half of a path: keeps what comes before anybody listens. */
export class SignalInbox {
  readonly #messages = new Listeners<[message: SignalMessage]>();
  readonly #closed = new ToldOnce<[cause: unknown]>();
  #kept: SignalMessage[] | undefined = [];

  get open(): boolean {
    return !this.#closed.told;
  }

  deliver(message: SignalMessage): void {
    if (!this.open) return;
    if (this.#kept) this.#kept.push(message);
    else this.#messages.emit(message);
  }

  close(cause?: unknown): void {
    this.#closed.tell(cause);
  }

  onMessage(listener: (message: SignalMessage) => void): Disposable {
    const handle = this.#messages.add(listener);
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const message of kept) listener(message);
    return handle;
  }

  onClosed(listener: (cause: unknown) => void): Disposable {
    return this.#closed.listen(listener);
  }
}

/**
 * WebSockets in memory on a virtual clock, to a server that is given: seeded delays; the network may be cut or stall, the
 * server's door may be shut.
 */
import { PortError } from '../runtime/core/errors.ts';
import { Listeners } from '../runtime/core/listeners.ts';
import { fromMillis, type Instant, type Micros } from '../runtime/core/time.ts';
import { ToldOnce } from '../runtime/core/told-once.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { Randomness } from '../runtime/ports/randomness.ts';
import type { WebSocketConnection, WebSockets } from '../runtime/ports/web-sockets.ts';

export interface VirtualWebSocketsInit {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** One way; uniform between the two. */
  readonly delay?: readonly [Micros, Micros];
}

export interface VirtualWebSockets {
  /** As a machine with that address sees it. */
  from(address: string): WebSockets;
  /** Who takes connections; undefined: nobody answers. Throwing refuses one, with its words. */
  serve(accept: ((socket: WebSocketConnection, address: string) => void) | undefined): void;
  /** Both ends of all connections from there (default: of all) are told that they broke. */
  cut(address?: string): void;
  /** Nothing passes to and from there, and nobody is told; false: what waited arrives. */
  stall(on: boolean, address: string): void;
}

type Content =
  | { readonly message: string | Uint8Array }
  | { readonly code: number; readonly reason: string };

const DELAY = [fromMillis(5), fromMillis(15)] as const;
const NO_ANSWER = fromMillis(3_000);
const BROKE = 1006;
const TOO_BIG = 1009;

export function openVirtualWebSockets(init: VirtualWebSocketsInit): VirtualWebSockets {
  const { clock, randomness, delay = DELAY } = init;
  const stalled = new Set<string>();
  const waiting = new Map<string, (() => void)[]>();
  const ends = new Set<{ readonly address: string; readonly end: End }>();
  let accept: ((socket: WebSocketConnection, address: string) => void) | undefined;

  const wayOf = (address: string): Way => {
    let lastDue = 0;
    return (work) => {
      const [least, most] = delay;
      const late = least + ((most - least) * randomness.uint32()) / 0x1_0000_0000;
      lastDue = Math.max(lastDue, clock.now() + late);
      clock
        .alarm(() => {
          if (stalled.has(address)) waiting.get(address)?.push(work);
          else work();
        })
        .set(lastDue as Instant);
    };
  };

  const connect = (address: string, mostOctets: number, signal: AbortSignal) =>
    new Promise<WebSocketConnection>((resolve, reject) => {
      let settled = false;
      const settle = (finish: () => void): void => {
        if (settled) return;
        settled = true;
        noAnswer[Symbol.dispose]();
        signal.removeEventListener('abort', abort);
        finish();
      };
      const refuse = (reason: string): void =>
        settle(() => reject(new PortError('unavailable', reason)));
      const abort = (): void => settle(() => reject(signal.reason));
      const noAnswer = clock.alarm(() => refuse('the server does not answer'));
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      noAnswer.set((clock.now() + NO_ANSWER) as Instant);
      const [out, back] = [wayOf(address), wayOf(address)];
      out(() => {
        if (settled) return;
        const near = new End(out, mostOctets);
        const far = new End(back, Number.POSITIVE_INFINITY);
        near.join(far);
        try {
          if (!accept) throw new Error('nobody takes connections there');
          for (const end of [near, far]) {
            const held = { address, end };
            ends.add(held);
            end.onClosed(() => ends.delete(held));
          }
          accept(far, address);
        } catch (failure) {
          back(() => refuse(failure instanceof Error ? failure.message : String(failure)));
          return;
        }
        back(() => settle(() => resolve(near)));
      });
    });

  return {
    from: (address) => ({
      connect: (_url, { mostOctets }, signal) => connect(address, mostOctets, signal),
    }),
    serve(who) {
      accept = who;
    },
    cut(address) {
      for (const held of [...ends])
        if (address === undefined || held.address === address) held.end.broke();
    },
    stall(on, address) {
      if (on) {
        stalled.add(address);
        waiting.set(address, waiting.get(address) ?? []);
        return;
      }
      stalled.delete(address);
      for (const work of waiting.get(address)?.splice(0) ?? []) work();
    },
  };
}

type Way = (work: () => void) => void;

class End implements WebSocketConnection {
  readonly #way: Way;
  readonly #mostOctets: number;
  readonly #messages = new Listeners<[string | Uint8Array]>();
  readonly #closed = new ToldOnce<[number, string]>();
  #kept: (string | Uint8Array)[] | undefined = [];
  #far: End | undefined;
  #unsent = 0;

  constructor(way: Way, mostOctets: number) {
    this.#way = way;
    this.#mostOctets = mostOctets;
  }

  join(far: End): void {
    this.#far = far;
    far.#far = this;
  }

  get unsent(): number {
    return this.#unsent;
  }

  send(message: string | Uint8Array): boolean {
    if (this.#closed.told) return false;
    const copy = typeof message === 'string' ? message : message.slice();
    this.#unsent += message.length;
    this.#way(() => {
      this.#unsent -= message.length;
      this.#far?.hear({ message: copy });
    });
    return true;
  }

  onMessage(listener: (message: string | Uint8Array) => void): Disposable {
    const held = this.#messages.add(listener);
    if (this.#kept) void Promise.resolve().then(() => this.#giveKept());
    return held;
  }

  onClosed(listener: (code: number, reason: string) => void): Disposable {
    return this.#closed.listen(listener);
  }

  close(code: number, reason: string): void {
    if (this.#closed.told) return;
    this.#way(() => this.#far?.hear({ code, reason }));
    this.#finish(code, reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(1000, '');
  }

  hear(content: Content): void {
    if (this.#closed.told) return;
    if ('code' in content) this.#finish(content.code, content.reason);
    else if (content.message.length > this.#mostOctets) this.close(TOO_BIG, '');
    else if (this.#kept) this.#kept.push(content.message);
    else this.#messages.emit(content.message);
  }

  broke(): void {
    this.#finish(BROKE, '');
  }

  #giveKept(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    for (const message of kept ?? []) this.#messages.emit(message);
  }

  #finish(code: number, reason: string): void {
    this.#giveKept();
    this.#closed.tell(code, reason);
    this.#messages.clear();
  }
}

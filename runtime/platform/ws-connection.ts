/**
 * Either end of a WebSocket of the `ws` package, as a WebSocketConnection.
 *
 * Keeps  what came before somebody listened: the socket is not read until then.
 */
import type { WebSocket } from 'ws';
import { Listeners } from '../core/listeners.ts';
import { ToldOnce } from '../core/told-once.ts';
import type { WebSocketConnection } from '../ports/web-sockets.ts';

/** How long the far end may take to say goodbye, in milliseconds. */
const LINGER_MS = 2_000;
const BROKE = 1006;

export class WsConnection implements WebSocketConnection {
  readonly #socket: WebSocket;
  readonly #messages = new Listeners<[string | Uint8Array]>();
  readonly #closed = new ToldOnce<[number, string]>();

  /** Give it a socket that is open and has told nothing yet. */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.pause();
    // A frame that breaks the protocol, or the network: `close` follows with the code.
    socket.on('error', () => {});
    socket.on('close', (code, reason) => this.#end(code, reason.toString('utf8')));
  }

  get unsent(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: string | Uint8Array): boolean {
    if (this.#closed.told || this.#socket.readyState !== this.#socket.OPEN) return false;
    const binary = typeof message !== 'string';
    // A failed write is followed by `close`.
    this.#socket.send(binary ? Uint8Array.from(message) : message, { binary }, () => {});
    return true;
  }

  onMessage(listener: (message: string | Uint8Array) => void): Disposable {
    if (this.#messages.size === 0 && this.#socket.listenerCount('message') === 0) {
      this.#socket.on('message', (data, binary) => {
        // As `nodebuffer`, its usual form, `ws` gives one Buffer.
        if (!Buffer.isBuffer(data)) return;
        this.#messages.emit(binary ? Uint8Array.from(data) : data.toString('utf8'));
      });
      this.#socket.resume();
    }
    return this.#messages.add(listener);
  }

  onClosed(listener: (code: number, reason: string) => void): Disposable {
    return this.#closed.listen(listener);
  }

  close(code: number, reason: string): void {
    if (this.#closed.told) return;
    this.#socket.resume();
    this.#socket.close(code, fit(reason));
    const late = setTimeout(() => this.#socket.terminate(), LINGER_MS);
    late.unref();
    this.#socket.once('close', () => clearTimeout(late));
    this.#end(code, reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(1000, '');
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
  }

  #end(code: number, reason: string): void {
    this.#closed.tell(code === 1005 ? 1000 : code || BROKE, reason);
    this.#messages.clear();
  }
}

/** RFC 6455 section 5.5: 123 octets beside the code. */
function fit(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}

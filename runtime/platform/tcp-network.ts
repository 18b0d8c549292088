/**
 * TCP through Node's net.
 *
 * Takes  bytes for the far end, at most MAX_UNSENT of them waiting.
 * Gives  bytes as they come; nothing is read from a stream before somebody listens.
 * Lane   1.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Listeners } from '../core/listeners.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { ByteStream, StreamListener, StreamNetwork } from '../ports/stream-network.ts';
import { canonicalHost, plainHost } from './ip-text.ts';
import { checkPort, portErrorFrom, systemCode } from './system-errors.ts';

const MAX_UNSENT = 1 << 20;
/** Streams that one listener holds at once; further ones are closed at the door. */
const MAX_STREAMS = 256;
/** How long a disposed stream may take to get its last bytes out, in milliseconds. */
const LINGER_MS = 1_000;
/** A silent peer is probed after so many milliseconds. */
const KEEP_ALIVE_MS = 10_000;
const NO_IPV6: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT']);

export function openTcpNetwork(): StreamNetwork {
  return {
    async listen({ port, host }, onStream) {
      checkPort(port);
      if (host !== undefined) return listen(port, host, onStream);
      try {
        return await listen(port, '::', onStream);
      } catch (error) {
        const cause = error instanceof Error ? systemCode(error.cause) : undefined;
        if (!NO_IPV6.has(cause ?? '')) throw error;
        return listen(port, '0.0.0.0', onStream);
      }
    },
    async connect(to, signal) {
      checkPort(to.port);
      return dial(to, signal);
    },
  };
}

function listen(
  port: number,
  host: string,
  onStream: (stream: ByteStream) => void,
): Promise<StreamListener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: false });
    server.maxConnections = MAX_STREAMS;
    const fail = (error: Error): void =>
      reject(portErrorFrom(error, `listening on TCP port ${port} of ${host}`));
    server.once('error', fail);
    server.listen({ port, host }, () => {
      server.removeListener('error', fail);
      // A failed accept (out of file descriptors) concerns one caller, who may try again.
      server.on('error', () => {});
      server.on('connection', (socket) => {
        const stream = new TcpStream(socket, remoteOf(socket));
        onStream(stream);
      });
      resolve(new TcpListener(server));
    });
  });
}

function dial(to: NetAddress, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = connect({ host: to.host, port: to.port, noDelay: true });
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      reject(portErrorFrom(error, `connecting to ${to.host} port ${to.port}`));
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      const host = canonicalHost(to.host) ?? plainHost(socket.remoteAddress ?? to.host);
      const stream = new TcpStream(socket, { host, port: to.port });
      socket.removeListener('error', fail);
      resolve(stream);
    });
  });
}

function remoteOf(socket: Socket): NetAddress {
  return { host: plainHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
}

class TcpListener implements StreamListener {
  readonly local: NetAddress;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    const bound = server.address();
    this.local =
      typeof bound === 'object' && bound !== null
        ? { host: plainHost(bound.address), port: bound.port }
        : { host: '', port: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its callback would wait for the streams, which live on: the port is free as soon as this turn is over.
    this.#server.close();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

class TcpStream implements ByteStream {
  readonly remote: NetAddress;
  readonly #socket: Socket;
  readonly #bytes = new Listeners<[Uint8Array]>();
  readonly #closed = new Listeners<[]>();
  #open = true;

  constructor(socket: Socket, remote: NetAddress) {
    this.#socket = socket;
    this.remote = remote;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // What broke is told by `close`, which always follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#end());
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#open || !this.#socket.writable) return false;
    if (this.#socket.writableLength > MAX_UNSENT) return false;
    this.#socket.write(Uint8Array.from(bytes));
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    if (this.#socket.listenerCount('data') === 0) {
      // From now on the stream flows; until now the system kept the bytes.
      this.#socket.on('data', (data) => {
        if (typeof data === 'string') return;
        this.#bytes.emit(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      });
    }
    return this.#bytes.add(listener);
  }

  onClosed(listener: () => void): Disposable {
    if (this.#open) return this.#closed.add(listener);
    const late = new Listeners<[]>();
    queueMicrotask(() => late.emit());
    return late.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    const socket = this.#socket;
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => {
        clearTimeout(late);
        resolve();
      });
      socket.end();
      // Unread bytes would hold up the far end's farewell.
      socket.resume();
    });
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#bytes.clear();
    this.#closed.emit();
    this.#closed.clear();
  }
}

import type { NetAddress } from './datagram-network.ts';

/** Opens ordered, reliable byte streams (TCP). Contract: tests/contracts/stream-network.contract.ts. */
export interface StreamNetwork {
  /** Rejects with PortError: 'busy', 'denied', 'unavailable' or 'invalid' (an impossible port). Port 0: any free one. */
  listen(
    init: { readonly port: number; readonly host?: string },
    onStream: (stream: ByteStream) => void,
  ): Promise<StreamListener>;
  /** Rejects with PortError 'unavailable' when nobody listens, or with the signal's reason. */
  connect(to: NetAddress, signal: AbortSignal): Promise<ByteStream>;
}

/** Disposing it leaves its streams alone. */
export interface StreamListener extends AsyncDisposable {
  readonly local: NetAddress;
}

export interface ByteStream extends AsyncDisposable {
  /** With its numeric address, also where it was connected to by name. */
  readonly remote: NetAddress;
  /**
   * Queues bytes (copied before the call returns). Never throws. Returns false, having taken nothing, when the stream
   * is closed or more than 1 MiB is unsent.
   */
  write(bytes: Uint8Array): boolean;
  /** Bytes in order, cut anywhere; valid during the call only. Bytes that came before the first listener are kept for it. */
  onBytes(listener: (bytes: Uint8Array) => void): Disposable;
  /** Told once when the far end closed, the connection broke or it was disposed; soon, when that is past. */
  onClosed(listener: () => void): Disposable;
  /** What was written before still arrives, as far as the connection lets it; then the far end is told. */
  [Symbol.asyncDispose](): Promise<void>;
}

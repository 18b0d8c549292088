/**
 * WebSocket connections (RFC 6455) to a server. Contract: tests/contracts/web-sockets.contract.ts.
 */
export interface WebSockets {
  /**
   * Rejects with PortError whose message says in words what is wrong, 'unavailable' when nobody answers or something
   * answers that is not the server, 'full' when it takes no more, 'denied' when the server's certificate is not to be trusted or it refuses, or with the
   * signal's reason.
   */
  connect(url: string, init: WebSocketInit, signal: AbortSignal): Promise<WebSocketConnection>;
}

export interface WebSocketInit {
  /** Subprotocol that both must speak. */
  readonly protocol: string;
  /** The longest message that is taken; a longer one closes the connection (1009). */
  readonly mostOctets: number;
  /**
   * SHA-256 of the server's certificate, 64 hex digits: that certificate and no other is trusted. Undefined: those that the
   * system trusts for the server's name.
   */
  readonly certificate?: string;
}

/** Either end of one. Disposing closes it as normal. */
export interface WebSocketConnection extends AsyncDisposable {
  /**
   * Queues a message, text or binary (copied before the call returns). Never throws. False: it is closed.
   */
  send(message: string | Uint8Array): boolean;
  /** Octets that wait here for the network. */
  readonly unsent: number;
  /** Whole messages in order. What came before the first listener is kept for it. A binary one is the listener's to keep. */
  onMessage(listener: (message: string | Uint8Array) => void): Disposable;
  /** Told once with the close code (RFC 6455 section 7.4; 1006: it broke); soon, when that is past. */
  onClosed(listener: (code: number, reason: string) => void): Disposable;
  /** Says why, and is closed for us at once. `reason`: at most 123 octets of UTF-8. */
  close(code: number, reason: string): void;
}

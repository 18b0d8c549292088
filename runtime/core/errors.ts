/** What a port may report when something asked of it fails. Callers switch on `code`; `message` is for people. */
export type PortErrorCode =
  /** The thing was disposed, by us. */
  | 'closed'
  /** The far end or the device went away. */
  | 'disconnected'
  /** Someone else holds it (a UDP port in use, a device opened by another program). */
  | 'busy'
  /** It does not exist here (no such device, file, host or driver). */
  | 'unavailable'
  /** The system refused us (permission, access rule). */
  | 'denied'
  /** What we were given can't be used (corrupt file, malformed address). */
  | 'invalid'
  /** A bounded resource is used up (disk, queue, table). */
  | 'full';

/** A thing we asked a port for failed. `message` says what to do about it. */
export class PortError extends Error {
  override readonly name = 'PortError';
  readonly code: PortErrorCode;

  constructor(code: PortErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The outcome of decoding bytes from the world: a value with its length in octets, or a fault to count. */
export type Decoded<T, Fault> =
  | { readonly ok: true; readonly value: T; readonly length: number }
  | { readonly ok: false; readonly fault: Fault };

/**
 * Messages between parts of a server, in one process or in many. Contract: tests/contracts/bus.contract.ts.
 *
 * At most once, and soon: what nobody listens to is lost, and so may be what is sent while the way between two processes
 * is broken. Messages of one publisher on one subject arrive in order.
 */
export interface Bus {
  /** Copies `message` and returns at once; listeners hear it later, never within this call. Never throws. */
  publish(subject: string, message: Uint8Array): void;
  /** Hears what is published on that subject from now on. `message` is the listener's to keep. */
  subscribe(subject: string, listener: (message: Uint8Array) => void): Disposable;
}

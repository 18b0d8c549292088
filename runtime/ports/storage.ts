/**
 * Small named files that survive a power cut: settings, identity, documents. Contract: tests/contracts/storage.contract.ts.
 * Keys are slash-separated words of [a-z0-9._-], like `documents/control`. Rejects with PortError: 'denied', 'full',
 * 'invalid' (a malformed key).
 */
export interface Storage {
  /** Undefined when there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Whole or not at all, durable once resolved; writes to one key take effect in call order. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Harmless when there is none. */
  remove(key: string): Promise<void>;
  /** Keys that begin with `prefix`, sorted. */
  list(prefix: string): Promise<readonly string[]>;
}

/**
 * Large values under the SHA-256 of their content (64 lower-case hex digits). Contract: tests/contracts/blobs.contract.ts.
 * Nothing is ever held in memory whole. Rejects with PortError: 'invalid' (no such form of a hash), 'full', 'denied',
 * 'unavailable'.
 */
export interface Blobs {
  /**
   * Takes the parts as they come; whole or not at all. Rejects with 'invalid' when they don't hash to `hash`, with 'full'
   * when they are more than `most` octets, or with what `parts` throws.
   */
  put(hash: string, parts: AsyncIterable<Uint8Array>, most: number): Promise<void>;
  /** In parts of at most 64 KiB, valid until the next is asked for. Undefined when there is none. */
  get(hash: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Octets; undefined when there is none. */
  length(hash: string): Promise<number | undefined>;
  /** Harmless when there is none; who is reading it may read on or fail. */
  remove(hash: string): Promise<void>;
}

export const BLOB_HASH: RegExp = /^[0-9a-f]{64}$/;

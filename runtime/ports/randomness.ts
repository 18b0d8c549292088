/** Random numbers: of the operating system in a box, seeded in the simulator. Contract: tests/contracts/randomness.contract.ts. */
export interface Randomness {
  /** Uniform in 0 to 2^32-1. */
  uint32(): number;
  /** Uniform octets; fit for keys when it is the real one. */
  bytes(length: number): Uint8Array;
}

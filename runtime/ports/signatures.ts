/** Ed25519 (RFC 8032). Contract: tests/contracts/signatures.contract.ts. */
export interface Signatures {
  /** `seed`: 32 octets, the private key of RFC 8032. Gives 32 octets. */
  publicKeyOf(seed: Uint8Array): Uint8Array;
  /** Gives 64 octets. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** False for anything malformed. Never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

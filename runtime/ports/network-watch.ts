/** This machine's place in the networks. Contract: what a change is follows from `addresses`. */
export interface NetworkWatch {
  /** Its numeric addresses at this moment, without those of loopback. */
  readonly addresses: readonly string[];
  /** Told soon after they have changed. */
  onChange(listener: () => void): Disposable;
}

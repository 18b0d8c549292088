import type { Instant } from '../core/time.ts';

/**
 * A MIDI input that the box owns: DIN UART, USB endpoint or simulated wire.
 * Contract: tests/contracts/midi-input.contract.ts.
 */
export interface MidiInput extends AsyncDisposable {
  /** For people: "DIN", "Launchkey 49". Stable for the same device. */
  readonly name: string;
  /**
   * Raw bytes in wire order, cut anywhere, with the instant they arrived. The array is the
   * driver's and is valid during the call only.
   */
  onBytes(listener: (bytes: Uint8Array, at: Instant) => void): Disposable;
  /** Told once when the device goes away; no bytes come after it. Not told on dispose. */
  onLost(listener: () => void): Disposable;
}

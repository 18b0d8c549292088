import type { Instant } from '../core/time.ts';

/**
 * A MIDI output that the box owns: DIN UART, USB endpoint or simulated wire. It waits for `due` by itself,
 * since only it can (a worker with real-time priority, DESIGN section 4).
 * Contract: tests/contracts/midi-output.contract.ts.
 */
export interface MidiOutput extends AsyncDisposable {
  /** For people: "DIN", "Launchkey 49". Stable for the same device. */
  readonly name: string;
  /**
   * Takes one whole message (copied before the call returns) to put on the wire at `due`, or at once when that has
   * passed. Whole messages leave in order of `due`, equal ones in call order; none leaves early. Never blocks and
   * never throws. Returns false, having taken nothing, when its bounded queue is full or the output is lost or
   * disposed. `tag` (0 to 2^31-1) comes back in `onSent`.
   */
  send(bytes: Uint8Array, due: Instant, tag: number): boolean;
  /**
   * Drops what has not left yet; each dropped message is reported with `leftAt` undefined. A long SysEx that is under
   * way may be ended early with F7, so that what is sent next does not wait for it.
   */
  flush(): void;
  /** Told for each message taken, in order of leaving: the instant when the first byte left, or undefined if it never will. */
  onSent(listener: (tag: number, leftAt: Instant | undefined) => void): Disposable;
  /** Told once when the device goes away. Not told on dispose. */
  onLost(listener: () => void): Disposable;
  /** Disposing lets messages that are due now leave, drops the rest and releases the device. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The DIN socket that a synthesizer plays into: a MidiInput over a UART. A FIFO will do too, for trying things out.
 *
 * Takes  bytes from the driver, as soon as the event loop has them. Gives them with the instant of their arrival.
 */
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { MidiInput } from '../../runtime/ports/midi-input.ts';
import { openFifo } from './fifo-line.ts';
import { closeSerialLine, lineKind, openSerialLine } from './serial-line.ts';

export interface DinInit {
  /** A UART, for example /dev/ttyAMA0. */
  readonly path: string;
  /** For people. Default: the path. */
  readonly name?: string;
}

/** Rejects with PortError: 'unavailable', 'denied', 'busy' or 'invalid'. */
export async function openDinInput(
  deps: { readonly clock: Clock },
  init: DinInit,
): Promise<MidiInput> {
  const { path, name = path } = init;
  const listeners = new Listeners<[Uint8Array, Instant]>();
  const lost = new Listeners<[]>();
  let open = true;
  const onData = (chunk: Uint8Array): void => {
    if (open) listeners.emit(chunk, deps.clock.now());
  };
  const onGone = (): void => {
    if (!open) return;
    open = false;
    lost.emit();
  };

  let release: () => Promise<void>;
  if ((await lineKind(path, 'read')) === 'fifo') {
    release = openFifo(path, onData, onGone);
  } else {
    const port = await openSerialLine(path, true);
    // A failing line is closed by the driver, which is what we are told of next.
    port.on('error', () => {});
    port.on('data', onData);
    port.on('close', onGone);
    release = () => closeSerialLine(port);
  }
  return {
    name,
    onBytes: (listener) => listeners.add(listener),
    onLost: (listener) => lost.add(listener),
    async [Symbol.asyncDispose]() {
      open = false;
      listeners.clear();
      lost.clear();
      await release();
    },
  };
}

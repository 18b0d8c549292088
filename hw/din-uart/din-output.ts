/**
 * The DIN socket that plays a synthesizer: a MidiOutput over a UART, written by the output worker at the speed of the
 * wire. A FIFO will do too, for trying things out; it has no speed.
 */
import type { Micros } from '../../runtime/core/time.ts';
import type { OutputScheduler } from '../../runtime/platform/output-scheduler.ts';
import type { MidiOutput } from '../../runtime/ports/midi-output.ts';
import type { DinInit } from './din-input.ts';
import { closeSerialLine, lineKind, openSerialLine } from './serial-line.ts';

/** Ten bits at 31,250 baud. */
const BYTE_TIME = 320 as Micros;

/** Rejects with PortError: 'unavailable', 'denied', 'busy', 'invalid', or 'closed' when the scheduler is. */
export async function openDinOutput(
  deps: { readonly scheduler: OutputScheduler },
  init: DinInit,
): Promise<MidiOutput> {
  const { path, name = path } = init;
  const { scheduler } = deps;
  if ((await lineKind(path, 'write')) === 'fifo') {
    return scheduler.open({ kind: 'file', path, name });
  }
  // This sets the line up. The settings last as long as anybody holds the line, and the worker does from here on.
  const port = await openSerialLine(path, false);
  try {
    return await scheduler.open({ kind: 'file', path, name, byteTime: BYTE_TIME });
  } finally {
    await closeSerialLine(port);
  }
}

/**
 * Where the output worker writes: a file that is a wire (tty, pty, FIFO), a USB or virtual MIDI port, or nowhere.
 *
 * Takes  octets. Gives how many were taken; 0 when there is no room now, GONE when the device is.
 * Throws on opening only: an Error whose message is for people and whose `code` is the system's.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';

export const GONE = -1;

export interface Sink {
  write(bytes: Uint8Array, offset: number, length: number): number;
  close(): void;
}

/** What the worker is told to open. */
export type SinkOrder =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'usb'; readonly portName: string }
  | { readonly kind: 'loop' };

export function openSink(order: SinkOrder): Sink {
  switch (order.kind) {
    case 'file':
      return openFileSink(order.path);
    case 'usb':
      return openUsbSink(order.portName);
    case 'loop':
      return { write: (_bytes, _offset, length) => length, close() {} };
  }
}

const COPY = 4_096;

function openFileSink(path: string): Sink {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  const fd = fs.openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  const copy = new Uint8Array(COPY);
  return {
    write(bytes, offset, length) {
      const count = Math.min(length, COPY);
      for (let i = 0; i < count; i++) copy[i] = bytes[offset + i] as number;
      try {
        return fs.writeSync(fd, copy, 0, count);
      } catch (failure) {
        // No room in the kernel's buffer is an everyday matter; everything else means that the device is gone.
        return (failure as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : GONE;
      }
    },
    close() {
      try {
        fs.closeSync(fd);
      } catch {
        // A device that is gone can't be closed in good order, and needn't be.
      }
    },
  };
}

function openUsbSink(portName: string): Sink {
  const { Output } = createRequire(import.meta.url)(
    '@julusian/midi',
  ) as typeof import('@julusian/midi');
  const output = new Output();
  try {
    output.openPortByName(portName);
    if (!output.isPortOpen()) {
      const known = Output.getPortNames().map((name) => `"${name}"`);
      throw new Error(
        `there is no MIDI output "${portName}"; there is ${known.join(', ') || 'none at all'}`,
      );
    }
  } catch (failure) {
    output.destroy();
    throw failure;
  }
  // Made once, for short messages are all but all there is.
  const short = [0, 1, 2, 3].map((length) => Buffer.alloc(length));
  return {
    write(bytes, offset, length) {
      const message = short[length] ?? Buffer.alloc(length);
      for (let i = 0; i < length; i++) message[i] = bytes[offset + i] as number;
      try {
        output.sendMessage(message);
        return length;
      } catch {
        return GONE;
      }
    },
    close: () => output.destroy(),
  };
}

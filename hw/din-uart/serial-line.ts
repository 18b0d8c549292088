/**
 * A UART as a MIDI line: 31,250 baud, eight data bits, one stop bit, no parity, octets as they are (MIDI 1.0 Electrical
 * Specification). A pseudo-terminal will do too; it ignores the speed.
 *
 * Gives  an open port, or a PortError that says what to do.
 */
import { access, constants, stat } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { PortError } from '../../runtime/core/errors.ts';

const MIDI_BAUD = 31_250;

/** What is at `path`, checked first: the driver's own errors are sentences without a code. */
export async function lineKind(path: string, mode: 'read' | 'write'): Promise<'serial' | 'fifo'> {
  try {
    await access(path, mode === 'read' ? constants.R_OK : constants.W_OK);
    const found = await stat(path);
    if (found.isFIFO()) return 'fifo';
    if (found.isCharacterDevice()) return 'serial';
  } catch (failure) {
    throw refusal(path, failure);
  }
  throw new PortError(
    'invalid',
    `${path} is no serial device: name a tty, for example /dev/ttyAMA0`,
  );
}

/** `exclusive`: no other program that asks for the same may have it. */
export async function openSerialLine(path: string, exclusive: boolean): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate: MIDI_BAUD, lock: exclusive, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((failure) => {
      if (failure) reject(refusal(path, failure));
      else resolve();
    });
  });
  return port;
}

export async function closeSerialLine(port: SerialPort): Promise<void> {
  if (!port.isOpen) return;
  // An error on closing leaves nothing that could be done about it.
  await new Promise<void>((resolve) => port.close(() => resolve()));
}

function refusal(path: string, failure: unknown): PortError {
  const { code, message } = failure as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR' || /no such/i.test(message)) {
    return new PortError(
      'unavailable',
      `there is no ${path}: is the device plugged in and its overlay on?`,
    );
  }
  if (code === 'EACCES' || /permission denied/i.test(message)) {
    return new PortError(
      'denied',
      `no permission for ${path}: add yourself to group dialout ("sudo usermod -aG dialout $USER") and log in again`,
    );
  }
  if (/cannot lock/i.test(message)) {
    return new PortError('busy', `another program uses ${path}: stop it first`);
  }
  return new PortError('invalid', `${path} can't be used as a serial line: ${message}`, {
    cause: failure,
  });
}

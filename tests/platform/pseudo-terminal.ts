/**
 * A pair of pseudo-terminals: `path` is a serial device as far as anyone can tell, and the other end is ours.
 * Undefined where the system has none.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import tty from 'node:tty';

export interface PseudoTerminal {
  /** The device. */
  readonly path: string;
  /** Told what was written to the device. */
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** What who reads the device gets. */
  write(bytes: Uint8Array): void;
  /** Pulls the plug. */
  close(): void;
}

/** `raw`: octets pass as they are. Otherwise as the system makes it, which is fit for people typing. */
export function openPseudoTerminal(init: { readonly raw: boolean }): PseudoTerminal | undefined {
  if (process.platform !== 'linux' || !fs.existsSync('/dev/ptmx')) return undefined;
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const libc = koffi.load('libc.so.6');
  const { O_RDWR, O_NOCTTY } = fs.constants;
  const master = libc.func('int posix_openpt(int)')(O_RDWR | O_NOCTTY) as number;
  if (master < 0) return undefined;
  libc.func('int grantpt(int)')(master);
  libc.func('int unlockpt(int)')(master);
  const path = libc.func('char *ptsname(int)')(master) as string;
  // Somebody must hold the device open, or reading the other end fails between two openings.
  const held = fs.openSync(path, O_RDWR | O_NOCTTY);
  if (init.raw) {
    const termios = Buffer.alloc(256);
    libc.func('int tcgetattr(int, _Out_ uint8_t *)')(held, termios);
    libc.func('void cfmakeraw(_Inout_ uint8_t *)')(termios);
    libc.func('int tcsetattr(int, int, uint8_t *)')(held, 0, termios);
  }
  const stream = new tty.ReadStream(master);
  // Reading fails when the last who held the device has closed it: that is its end.
  stream.on('error', () => {});
  let open = true;
  return {
    path,
    onBytes: (listener) => {
      stream.on('data', listener);
    },
    write(bytes) {
      if (open) fs.writeSync(master, bytes);
    },
    close() {
      if (!open) return;
      open = false;
      stream.destroy();
      fs.closeSync(held);
    },
  };
}

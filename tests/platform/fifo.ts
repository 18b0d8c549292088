/** Makes a FIFO. False where the system has none. */
import { createRequire } from 'node:module';

const FOR_OWNER = 0o600;

export function makeFifo(path: string): boolean {
  if (process.platform !== 'linux') return false;
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const mkfifo = koffi.load('libc.so.6').func('int mkfifo(const char *, unsigned int)');
  return mkfifo(path, FOR_OWNER) === 0;
}

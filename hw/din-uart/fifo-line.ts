/** Bytes from a FIFO. It is opened for writing as well, so that it does not end when a writer leaves. */
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

export function openFifo(
  path: string,
  onData: (chunk: Uint8Array) => void,
  onGone: () => void,
): () => Promise<void> {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on('data', onData);
  // Told as a close right after.
  socket.on('error', () => {});
  socket.on('close', onGone);
  return async () => {
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  };
}

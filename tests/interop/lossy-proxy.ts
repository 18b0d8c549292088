/**
 * A router between two AppleMIDI peers on loopback that loses datagrams: two pairs of UDP ports, control and data each.
 *
 * Takes  the control ports of both peers, and how much is lost. Gives the ports under which each finds the other.
 * Keeps  nothing. What it loses is seeded.
 */
import { createSocket, type Socket } from 'node:dgram';
import { seededRandomness, uniform } from '../../sim/seeded-randomness.ts';

const HOST = '127.0.0.1';

export interface LossyProxy extends AsyncDisposable {
  /** Where the first peer finds the second one, and the second one the first. */
  readonly toSecond: number;
  readonly toFirst: number;
  readonly forwarded: number;
  readonly lost: number;
  /** From 0 to 1, from now on. */
  loss: number;
}

export async function openLossyProxy(init: {
  readonly first: number;
  readonly second: number;
  readonly seed: number;
}): Promise<LossyProxy> {
  const random = seededRandomness(init.seed);
  const faced = await bindPair(52_000);
  const away = await bindPair(54_000);
  const stats = { forwarded: 0, lost: 0 };
  const proxy = {
    toSecond: faced[0].address().port,
    toFirst: away[0].address().port,
    loss: 0,
    get forwarded() {
      return stats.forwarded;
    },
    get lost() {
      return stats.lost;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...faced, ...away])
        await new Promise<void>((closed) => socket.close(() => closed()));
    },
  };
  const forward = (from: Socket, through: Socket, port: number): void => {
    from.on('message', (bytes) => {
      if (uniform(random) < proxy.loss) stats.lost++;
      else {
        stats.forwarded++;
        through.send(bytes, port, HOST);
      }
    });
  };
  for (const channel of [0, 1] as const) {
    forward(faced[channel], away[channel], init.second + channel);
    forward(away[channel], faced[channel], init.first + channel);
  }
  return proxy;
}

/** Control on an even port, data on the next one: some peers choose by it which of their own they answer from. */
async function bindPair(from: number): Promise<readonly [Socket, Socket]> {
  for (let port = from + 2 * (process.pid % 900); ; port += 2) {
    const control = await bind(port);
    const data = control && (await bind(port + 1));
    if (control && data) return [control, data];
    control?.close();
  }
}

function bind(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind(port, HOST, () => resolve(socket));
  });
}

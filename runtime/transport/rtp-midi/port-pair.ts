/**
 * Two UDP ports in a row: control, and data on the next one.
 *
 * Even control ports when any will do: some peers choose by it which of their own ports to answer from.
 */
import { PortError } from '../../core/errors.ts';
import type { DatagramNetwork, DatagramSocket } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';

export interface PortPair {
  readonly control: DatagramSocket;
  readonly data: DatagramSocket;
}

const LOWEST = 50_000;
const HIGHEST = 64_998;
const ATTEMPTS = 64;

export async function bindPortPair(
  deps: { readonly network: DatagramNetwork; readonly randomness: Randomness },
  init: { readonly port: number; readonly host?: string },
): Promise<PortPair> {
  const { network, randomness } = deps;
  const host = init.host === undefined ? {} : { host: init.host };
  if (init.port !== 0) return bindBoth(network, init.port, host);
  for (let attempt = 1; ; attempt++) {
    const port = LOWEST + 2 * (randomness.uint32() % ((HIGHEST - LOWEST) / 2 + 1));
    try {
      return await bindBoth(network, port, host);
    } catch (failure) {
      // Somebody has one of the two: there are thousands more.
      const taken = failure instanceof PortError && failure.code === 'busy';
      if (!taken || attempt >= ATTEMPTS) throw failure;
    }
  }
}

export async function releasePortPair(pair: PortPair): Promise<void> {
  await pair.control[Symbol.asyncDispose]();
  await pair.data[Symbol.asyncDispose]();
}

async function bindBoth(
  network: DatagramNetwork,
  port: number,
  host: { readonly host?: string },
): Promise<PortPair> {
  const control = await network.bind({ ...host, port });
  try {
    return { control, data: await network.bind({ ...host, port: port + 1 }) };
  } catch (failure) {
    await control[Symbol.asyncDispose]();
    throw failure;
  }
}

import { describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type {
  ByteStream,
  StreamListener,
  StreamNetwork,
} from '../../runtime/ports/stream-network.ts';

/** Two ends that reach one another. */
export interface StreamNetworkRig {
  readonly near: StreamNetwork;
  /** What the near end is known by; default: as the far one. */
  readonly nearHost?: string;
  readonly far: StreamNetwork;
  readonly farHost: string;
  /** Waits until it is so; rejects when it never comes to it. */
  until(reached: () => boolean): Promise<void>;
  /** Lets the network work until the promise is settled. */
  finish<T>(promise: PromiseLike<T>): Promise<T>;
}

const NEVER = new AbortController().signal;

function collect(stream: ByteStream): number[] {
  const bytes: number[] = [];
  stream.onBytes((part) => {
    for (const octet of part) bytes.push(octet);
  });
  return bytes;
}

interface Pair {
  readonly near: ByteStream;
  readonly far: ByteStream;
  readonly listener: StreamListener;
}

export function streamNetworkContract(name: string, openRig: () => StreamNetworkRig): void {
  describe(`${name} keeps the StreamNetwork contract`, () => {
    const connected = async (rig: StreamNetworkRig, teardown: Teardown): Promise<Pair> => {
      const accepted: ByteStream[] = [];
      const listener = teardown.hold(
        await rig.far.listen({ port: 0, host: rig.farHost }, (stream) => {
          accepted.push(teardown.hold(stream));
        }),
      );
      const to: NetAddress = { host: rig.farHost, port: listener.local.port };
      const near = teardown.hold(await rig.finish(rig.near.connect(to, NEVER)));
      await rig.until(() => accepted.length === 1);
      const far = accepted[0];
      if (!far) throw new Error('nobody was accepted');
      return { near, far, listener };
    };

    test('bytes go both ways in order, and the far end is known by its address', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far, listener } = await connected(rig, teardown);
      const atFar = collect(far);
      const atNear = collect(near);
      for (let octet = 0; octet < 100; octet++) {
        near.write(Uint8Array.of(octet));
        far.write(Uint8Array.of(100 + octet));
      }
      await rig.until(() => atFar.length === 100 && atNear.length === 100);
      expect(atFar).toEqual(Array.from({ length: 100 }, (_, octet) => octet));
      expect(atNear).toEqual(Array.from({ length: 100 }, (_, octet) => 100 + octet));
      expect(near.remote).toEqual({ host: rig.farHost, port: listener.local.port });
      expect(far.remote.port).toBeGreaterThan(0);
    });

    test('a host is written in one way wherever it is reported, so that hosts compare as strings (item 45)', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far, listener } = await connected(rig, teardown);
      expect(listener.local.host).toBe(rig.farHost);
      expect(near.remote.host).toBe(rig.farHost);
      expect(far.remote.host).toBe(rig.nearHost ?? rig.farHost);
    });

    test('bytes are copied before write returns', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await connected(rig, teardown);
      const atFar = collect(far);
      const bytes = Uint8Array.of(1, 2, 3);
      expect(near.write(bytes)).toBe(true);
      bytes.fill(0);
      await rig.until(() => atFar.length === 3);
      expect(atFar).toEqual([1, 2, 3]);
    });

    test('bytes that came before the first listener are kept for it', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await connected(rig, teardown);
      const atNear = collect(near);
      near.write(Uint8Array.of(1, 2));
      far.write(Uint8Array.of(9));
      await rig.until(() => atNear.length === 1);
      const atFar = collect(far);
      near.write(Uint8Array.of(3));
      await rig.until(() => atFar.length === 3);
      expect(atFar).toEqual([1, 2, 3]);
    });

    test('with more than 1 MiB unsent a write is refused whole, and accepted again later', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await connected(rig, teardown);
      const part = new Uint8Array(65_536);
      let taken = 0;
      // The same array each time: what waits must be a copy.
      while (taken < 1_000 && near.write(part.fill(taken % 251))) taken++;
      expect(taken).toBeGreaterThanOrEqual(16);
      expect(taken).toBeLessThan(1_000);
      part.fill(255);
      let arrived = 0;
      let wrong = 0;
      far.onBytes((bytes) => {
        for (const octet of bytes) {
          if (octet !== Math.floor(arrived++ / part.length) % 251) wrong++;
        }
      });
      await rig.until(() => arrived === taken * part.length);
      expect(wrong).toBe(0);
      expect(near.write(Uint8Array.of(1))).toBe(true);
      await rig.until(() => arrived === taken * part.length + 1);
    });

    test('what was written before dispose still arrives, then the far end is told once', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await connected(rig, teardown);
      const atFar = collect(far);
      let told = 0;
      far.onClosed(() => told++);
      near.write(new Uint8Array(100_000).fill(5));
      await rig.finish(near[Symbol.asyncDispose]());
      await rig.until(() => told > 0);
      expect(atFar).toHaveLength(100_000);
      expect(far.write(Uint8Array.of(1))).toBe(false);
      await rig.finish(far[Symbol.asyncDispose]());
      expect(told).toBe(1);
    });

    test('the end that disposes is told once too, writes no more and may dispose again', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near } = await connected(rig, teardown);
      let told = 0;
      near.onClosed(() => told++);
      await rig.finish(near[Symbol.asyncDispose]());
      await rig.finish(near[Symbol.asyncDispose]());
      expect(told).toBe(1);
      expect(near.write(Uint8Array.of(1))).toBe(false);
    });

    test('who asks too late is told as well', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near } = await connected(rig, teardown);
      await rig.finish(near[Symbol.asyncDispose]());
      let told = 0;
      near.onClosed(() => told++);
      expect(told).toBe(0);
      await rig.until(() => told === 1);
    });

    test('a disposed listener of bytes or of the end hears nothing more', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await connected(rig, teardown);
      let heard = 0;
      far.onBytes(() => heard++)[Symbol.dispose]();
      far.onClosed(() => heard++)[Symbol.dispose]();
      const atFar = collect(far);
      let closed = false;
      far.onClosed(() => {
        closed = true;
      });
      near.write(Uint8Array.of(1));
      await rig.until(() => atFar.length === 1);
      await rig.finish(near[Symbol.asyncDispose]());
      await rig.until(() => closed);
      expect(heard).toBe(0);
    });

    test('connecting to a port where nobody listens is unavailable', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { listener } = await connected(rig, teardown);
      const to = { host: rig.farHost, port: listener.local.port };
      await listener[Symbol.asyncDispose]();
      await expect(rig.finish(rig.near.connect(to, NEVER))).rejects.toMatchObject({
        code: 'unavailable',
      });
    });

    test('an aborted connect rejects with the reason of the signal', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { listener } = await connected(rig, teardown);
      const to = { host: rig.farHost, port: listener.local.port };
      const reason = new Error('changed my mind');
      await expect(rig.near.connect(to, AbortSignal.abort(reason))).rejects.toBe(reason);
      const controller = new AbortController();
      const connecting = rig.near.connect(to, controller.signal);
      controller.abort(reason);
      await expect(rig.finish(connecting)).rejects.toBe(reason);
    });

    test('a listener that is disposed leaves its streams alone and its port free', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far, listener } = await connected(rig, teardown);
      const atFar = collect(far);
      const where = { port: listener.local.port, host: rig.farHost };
      await expect(rig.far.listen(where, () => {})).rejects.toMatchObject({ code: 'busy' });
      await listener[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      near.write(Uint8Array.of(1));
      await rig.until(() => atFar.length === 1);
      teardown.hold(await rig.far.listen(where, () => {}));
    });

    test('listening on an unknown address is unavailable, on an impossible port invalid', async () => {
      const rig = openRig();
      await expect(
        rig.far.listen({ port: 0, host: '203.0.113.77' }, () => {}),
      ).rejects.toMatchObject({ code: 'unavailable' });
      await expect(rig.far.listen({ port: -1 }, () => {})).rejects.toMatchObject({
        code: 'invalid',
      });
    });
  });
}

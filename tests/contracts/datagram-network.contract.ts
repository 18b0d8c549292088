import { describe, expect, test } from 'vitest';
import { PortError } from '../../runtime/core/errors.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type {
  DatagramNetwork,
  DatagramSocket,
  NetAddress,
} from '../../runtime/ports/datagram-network.ts';

/** Two ends that reach one another. */
export interface DatagramNetworkRig {
  readonly clock: Clock;
  readonly near: DatagramNetwork;
  readonly nearHost: string;
  readonly far: DatagramNetwork;
  readonly farHost: string;
  /** Waits until it is so; rejects when it never comes to it. */
  until(reached: () => boolean): Promise<void>;
  /** Waits as long as a datagram may take. */
  quiet(): Promise<void>;
}

interface Heard {
  readonly bytes: readonly number[];
  readonly from: NetAddress;
  readonly at: Instant;
}

function hear(socket: DatagramSocket): Heard[] {
  const heard: Heard[] = [];
  socket.onDatagram((bytes, from, at) => void heard.push({ bytes: [...bytes], from, at }));
  return heard;
}

export function datagramNetworkContract(name: string, openRig: () => DatagramNetworkRig): void {
  describe(`${name} keeps the DatagramNetwork contract`, () => {
    const pair = async (
      rig: DatagramNetworkRig,
      teardown: Teardown,
    ): Promise<{ near: DatagramSocket; far: DatagramSocket }> => ({
      near: teardown.hold(await rig.near.bind({ port: 0, host: rig.nearHost })),
      far: teardown.hold(await rig.far.bind({ port: 0, host: rig.farHost })),
    });

    test('a datagram arrives whole, with its source and the instant of its arrival', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      const sentAt = rig.clock.now();
      near.send(Uint8Array.of(1, 2, 3), far.local);
      await rig.until(() => heard.length === 1);
      expect(heard[0]).toMatchObject({ bytes: [1, 2, 3], from: near.local });
      expect(heard[0]?.at).toBeGreaterThanOrEqual(sentAt);
      expect(heard[0]?.at).toBeLessThanOrEqual(rig.clock.now());
    });

    test('an answer to `from` reaches the sender', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(near);
      far.onDatagram((bytes, from) => far.send(bytes, from));
      near.send(Uint8Array.of(7), far.local);
      await rig.until(() => heard.length === 1);
      expect(heard[0]).toMatchObject({ bytes: [7], from: far.local });
    });

    test('a host is written in one way wherever it is reported, so that hosts compare as strings (item 45)', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      near.send(Uint8Array.of(1), far.local);
      await rig.until(() => heard.length === 1);
      expect([near.local.host, far.local.host]).toEqual([rig.nearHost, rig.farHost]);
      expect(heard[0]?.from.host).toBe(rig.nearHost);
    });

    test('only the first `length` octets are sent', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      near.send(Uint8Array.of(1, 2, 3, 4), far.local, 2);
      await rig.until(() => heard.length === 1);
      expect(heard[0]?.bytes).toEqual([1, 2]);
    });

    test('octets are copied before the call returns', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      const bytes = new Uint8Array(1);
      for (let sent = 0; sent < 100; sent++) {
        bytes[0] = sent;
        near.send(bytes, far.local);
      }
      bytes[0] = 255;
      await rig.until(() => heard.length === 100);
      const values = heard.map((each) => each.bytes[0]).sort((a = 0, b = 0) => a - b);
      expect(values).toEqual(Array.from({ length: 100 }, (_, sent) => sent));
    });

    test('an empty datagram and one of 1472 octets arrive as they are', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      near.send(new Uint8Array(0), far.local);
      near.send(new Uint8Array(1_472).fill(9), far.local);
      await rig.until(() => heard.length === 2);
      const lengths = heard.map((each) => each.bytes.length).sort((a, b) => a - b);
      expect(lengths).toEqual([0, 1_472]);
    });

    test('`from` is one object per source', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const other = teardown.hold(await rig.near.bind({ port: 0, host: rig.nearHost }));
      const heard = hear(far);
      for (const socket of [near, other, near, other]) socket.send(Uint8Array.of(0), far.local);
      await rig.until(() => heard.length === 4);
      expect(new Set(heard.map((each) => each.from)).size).toBe(2);
    });

    test('port 0 is any free port, and a taken port is busy until it is released', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near } = await pair(rig, teardown);
      const where = { port: near.local.port, host: rig.nearHost };
      expect(where.port).toBeGreaterThan(0);
      const refused = await rig.near.bind(where).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(PortError);
      expect(refused).toMatchObject({ code: 'busy' });
      await near[Symbol.asyncDispose]();
      teardown.hold(await rig.near.bind(where));
    });

    test('an unknown address is unavailable, an impossible port invalid', async () => {
      const rig = openRig();
      await expect(rig.near.bind({ port: 0, host: '203.0.113.77' })).rejects.toMatchObject({
        code: 'unavailable',
      });
      await expect(rig.near.bind({ port: 70_000 })).rejects.toMatchObject({ code: 'invalid' });
    });

    test('what cannot be sent is counted, and nothing is thrown', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      near.send(Uint8Array.of(1), { host: 'not-numeric', port: far.local.port });
      near.send(Uint8Array.of(1), { host: rig.farHost, port: 0 });
      near.send(Uint8Array.of(1), { host: rig.farHost, port: 99_999 });
      near.send(new Uint8Array(70_000), far.local);
      near.send(Uint8Array.of(1), far.local, 2);
      await rig.until(() => near.unsent === 5);
      near.send(Uint8Array.of(2), far.local);
      await rig.until(() => heard.length === 1);
      expect(heard[0]?.bytes).toEqual([2]);
    });

    test('a datagram to a port that nobody is bound to is lost in silence', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      await far[Symbol.asyncDispose]();
      near.send(Uint8Array.of(1), far.local);
      await rig.quiet();
      expect(near.unsent).toBe(0);
    });

    test('a disposed listener hears nothing more', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      let more = 0;
      far.onDatagram(() => more++)[Symbol.dispose]();
      near.send(Uint8Array.of(1), far.local);
      await rig.until(() => heard.length === 1);
      expect(more).toBe(0);
    });

    test('after dispose nothing is heard, sends are counted, and disposing twice is harmless', async () => {
      await using teardown = new Teardown();
      const rig = openRig();
      const { near, far } = await pair(rig, teardown);
      const heard = hear(far);
      near.send(Uint8Array.of(1), far.local);
      await far[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      await rig.quiet();
      expect(heard).toEqual([]);
      far.send(Uint8Array.of(1), near.local);
      expect(far.unsent).toBe(1);
    });
  });
}

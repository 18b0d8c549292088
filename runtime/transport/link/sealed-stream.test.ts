import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openVirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { fromMillis, fromSeconds } from '../../core/time.ts';
import type { PeerStream } from '../../ports/peer-connection.ts';
import type { ByteStream } from '../../ports/stream-network.ts';
import { sealStream } from './sealed-stream.ts';

const never = (): AbortSignal => new AbortController().signal;
const packet = (number: number): Uint8Array =>
  Uint8Array.from([0x80, 97, number >> 8, number & 0xff, 0, 0, 0, 0, 0, 0, 0, 9]);

async function openRig() {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, randomness: seededRandomness(1), profile: 'lan' });
  const turn = (seconds: number) => clock.advanceSettling(fromSeconds(seconds), fromMillis(1));
  const far: ByteStream[] = [];
  await net.host('10.0.0.2').streams.listen({ port: 1 }, (stream) => far.push(stream));
  const dialing = net.host('10.0.0.1').streams.connect({ host: '10.0.0.2', port: 1 }, never());
  await turn(0.1);
  const plain = await dialing;
  const wire: Uint8Array[] = [];
  const watched: ByteStream = {
    remote: plain.remote,
    write(bytes) {
      wire.push(bytes.slice());
      return plain.write(bytes);
    },
    onBytes: (listener) => plain.onBytes(listener),
    onClosed: (listener) => plain.onClosed(listener),
    [Symbol.asyncDispose]: () => plain[Symbol.asyncDispose](),
  };
  const raw = far[0] as ByteStream;
  const seal = (stream: ByteStream, initiator: boolean) =>
    sealStream(
      { clock, randomness: seededRandomness(String(initiator)) },
      stream,
      { initiator, remote: { host: 'box:', port: 0 } },
      never(),
    );
  const both = async (): Promise<[PeerStream, PeerStream]> => {
    const opening = Promise.all([seal(watched, true), seal(raw, false)]);
    await turn(0.1);
    return opening;
  };
  return { clock, net, turn, plain: watched, raw, wire, seal, both };
}

test('octets of any length go both ways in order, and none of them in clear', async () => {
  const { turn, both, wire } = await openRig();
  const [one, other] = await both();
  expect(one.binding).toEqual(other.binding);
  const heard: number[] = [];
  other.onBytes((bytes) => heard.push(...bytes));
  const said = seededRandomness(3).bytes(50_000);
  expect(one.write(said)).toBe(true);
  expect(one.write(said.subarray(0, 7))).toBe(true);
  await turn(0.2);
  expect(Buffer.from(heard).equals(Buffer.concat([said, said.subarray(0, 7)]))).toBe(true);
  expect(Buffer.concat(wire).includes(Buffer.from(said.subarray(0, 12)))).toBe(false);
});

test('when the tunnel is backed up the newest packets are dropped and counted; none waits behind them', async () => {
  const { turn, both, net } = await openRig();
  const [one, other] = await both();
  const heard: number[] = [];
  other.packets?.onPacket((bytes) => heard.push(((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)));
  for (let number = 0; number < 500; number++) {
    one.packets?.send(packet(number));
    await turn(0.002);
  }
  expect(one.packets?.unsent).toBe(0);
  expect(heard).toEqual(Array.from({ length: 500 }, (_, number) => number));
  // The far end counts the last of them, too.
  await turn(0.1);
  net.host('10.0.0.2').disconnect();
  for (let number = 500; number < 1_000; number++) one.packets?.send(packet(number));
  net.host('10.0.0.2').reconnect();
  await turn(0.2);
  expect(heard.length).toBe(500 + 128);
  expect(one.packets?.unsent).toBe(500 - 128);
  one.packets?.send(packet(2_000));
  await turn(0.1);
  expect(heard.at(-1)).toBe(2_000);
});

test('what is no RTP packet is not sent', async () => {
  const { both, turn } = await openRig();
  const [one, other] = await both();
  let came = 0;
  other.packets?.onPacket(() => came++);
  for (const bytes of [new Uint8Array(3), new Uint8Array(100), new Uint8Array(1_300)]) {
    one.packets?.send(bytes);
  }
  await turn(0.1);
  expect([came, one.packets?.unsent]).toEqual([0, 3]);
});

test('the end of either side ends the other, and what was said before still arrives', async () => {
  const { both, turn } = await openRig();
  const [one, other] = await both();
  const heard: string[] = [];
  other.onBytes((bytes) => heard.push(Buffer.from(bytes).toString()));
  other.onClosed(() => heard.push('closed'));
  one.write(Buffer.from('farewell'));
  void one[Symbol.asyncDispose]();
  expect(one.write(Buffer.from('more'))).toBe(false);
  await turn(0.1);
  expect(heard).toEqual(['farewell', 'closed']);
});

test('a far end that says nothing, hangs up or talks nonsense is given up in words', async () => {
  const silent = await openRig();
  const waiting = expect(silent.seal(silent.plain, true)).rejects.toMatchObject({
    code: 'unavailable',
  });
  await silent.turn(5.1);
  await waiting;

  const gone = await openRig();
  const broken = expect(gone.seal(gone.plain, true)).rejects.toMatchObject({
    code: 'disconnected',
  });
  void gone.raw[Symbol.asyncDispose]();
  await gone.turn(0.1);
  await broken;

  const strange = await openRig();
  const denied = expect(strange.seal(strange.raw, false)).rejects.toMatchObject({ code: 'denied' });
  strange.plain.write(Uint8Array.of(0, 3, 1, 2, 3));
  await strange.turn(0.1);
  await denied;
});

test('octets of chance in an open tunnel end it and never throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 80 }), async (octets) => {
      const { both, turn, raw } = await openRig();
      const [one] = await both();
      let ended = 0;
      one.onClosed(() => ended++);
      raw.write(Uint8Array.from([0, octets.length, ...octets]));
      await turn(0.1);
      expect(ended).toBe(1);
    }),
    { numRuns: 30 },
  );
});

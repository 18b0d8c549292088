import { describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type {
  PacketLane,
  PeerConnection,
  PeerConnectionInit,
  PeerConnections,
  PeerSignal,
  PeerStream,
} from '../../runtime/ports/peer-connection.ts';

/** Two boxes whose signals the tests pass on. */
export interface PeerConnectionsRig extends AsyncDisposable {
  readonly near: PeerConnections;
  readonly nearHost: string;
  readonly far: PeerConnections;
  readonly farHost: string;
  readonly clock: Clock;
  /** Waits until it is so; rejects when it never comes to it. */
  until(reached: () => boolean): Promise<void>;
  finish<T>(promise: PromiseLike<T>): Promise<T>;
  /** Lets go by what is long for a network without delay: what hasn't arrived by then doesn't. */
  quiet(): Promise<void>;
}

type Rewrite = (signal: PeerSignal) => PeerSignal | undefined;
const asItIs: Rewrite = (signal) => signal;

/** Passes signals on as they come, as a third party would. */
function relay(from: PeerConnection, to: PeerConnection, rewrite: Rewrite = asItIs): void {
  from.onSignal((signal) => {
    const passed = rewrite(signal);
    if (passed) to.signal(passed);
  });
}

interface Ends {
  readonly offerer: PeerConnection;
  readonly answerer: PeerConnection;
}

function openEnds(
  rig: PeerConnectionsRig,
  teardown: Teardown,
  init: Partial<PeerConnectionInit> = {},
): Ends {
  const near = { iceServers: [], host: rig.nearHost, ...init };
  const far = { iceServers: [], host: rig.farHost, ...init };
  return {
    offerer: teardown.hold(rig.near.open({ ...near, role: 'offerer' })),
    answerer: teardown.hold(rig.far.open({ ...far, role: 'answerer' })),
  };
}

function outcome(connection: PeerConnection): { stream?: PeerStream; failed?: string } {
  const told: { stream?: PeerStream; failed?: string } = {};
  connection.onOpen((stream) => {
    told.stream = stream;
  });
  connection.onFailed((reason) => {
    told.failed = reason;
  });
  return told;
}

async function opened(rig: PeerConnectionsRig, connection: PeerConnection): Promise<PeerStream> {
  const told = outcome(connection);
  await rig.until(() => told.stream !== undefined || told.failed !== undefined);
  if (!told.stream) throw new Error(`it did not open: ${told.failed}`);
  return told.stream;
}

interface Pair extends Ends {
  readonly near: PeerStream;
  readonly far: PeerStream;
}

async function connected(
  rig: PeerConnectionsRig,
  teardown: Teardown,
  rewrite?: Rewrite,
): Promise<Pair> {
  const ends = openEnds(rig, teardown);
  relay(ends.offerer, ends.answerer, rewrite);
  relay(ends.answerer, ends.offerer, rewrite);
  const both = [opened(rig, ends.offerer), opened(rig, ends.answerer)] as const;
  const [near, far] = await Promise.all(both);
  return { ...ends, near, far };
}

function lane(stream: PeerStream): PacketLane {
  if (!stream.packets) throw new Error('it has no packet lane');
  return stream.packets;
}

/** An RTP packet whose payload says its number. */
function packet(sequence: number, payload: readonly number[] = [], type = 97): Uint8Array {
  const header = [0x80, type, sequence >> 8, sequence & 0xff, 0, 0, 0, 1, 0, 0, 0, 42];
  return Uint8Array.from([...header, ...payload]);
}

function collect(stream: PeerStream): number[] {
  const octets: number[] = [];
  stream.onBytes((part) => {
    for (const octet of part) octets.push(octet);
  });
  return octets;
}

function collectPackets(stream: PeerStream): Uint8Array[] {
  const packets: Uint8Array[] = [];
  lane(stream).onPacket((bytes) => void packets.push(bytes.slice()));
  return packets;
}

const hex = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString('hex');

export function peerConnectionsContract(
  name: string,
  openRig: () => PeerConnectionsRig | Promise<PeerConnectionsRig>,
): void {
  const contract = (
    title: string,
    body: (rig: PeerConnectionsRig, teardown: Teardown) => Promise<void>,
  ): void => {
    test(title, async () => {
      await using rig = await openRig();
      const teardown = new Teardown();
      try {
        await body(rig, teardown);
      } finally {
        await rig.finish(teardown[Symbol.asyncDispose]());
      }
    });
  };

  describe(`${name} keeps the PeerConnections contract`, () => {
    contract('it begins at once, and both ends open with both lanes', async (rig, teardown) => {
      const { near, far } = await connected(rig, teardown);
      const [bytes, packets] = [collect(far), collectPackets(near)];
      near.write(Uint8Array.of(1, 2, 3));
      lane(far).send(packet(7, [9]));
      await rig.until(() => bytes.length === 3 && packets.length === 1);
      expect(bytes).toEqual([1, 2, 3]);
      expect(packets).toEqual([packet(7, [9])]);
    });

    contract(
      'signals that come before the first listener are kept for it, in order',
      async (rig, teardown) => {
        const { offerer, answerer } = openEnds(rig, teardown);
        await rig.quiet();
        const signals: PeerSignal[] = [];
        offerer.onSignal((signal) => {
          signals.push(signal);
          answerer.signal(signal);
        });
        expect(signals).toEqual([]);
        await rig.until(() => signals.length > 0);
        await rig.quiet();
        relay(answerer, offerer);
        await Promise.all([opened(rig, offerer), opened(rig, answerer)]);
        expect(signals[0]).toMatchObject({ kind: 'description', type: 'offer' });
        expect(signals.slice(1).every(({ kind }) => kind === 'candidate')).toBe(true);
      },
    );

    contract('an answerer says nothing before it is offered something', async (rig, teardown) => {
      const { answerer } = openEnds(rig, teardown);
      let said = 0;
      answerer.onSignal(() => said++);
      await rig.quiet();
      expect(said).toBe(0);
    });

    contract(
      'candidates may come late, early or twice; those that are none are passed over',
      async (rig, teardown) => {
        const { offerer, answerer } = openEnds(rig, teardown);
        const held: PeerSignal[] = [];
        offerer.onSignal((signal) => {
          if (signal.kind === 'candidate') held.push(signal);
          else answerer.signal(signal);
        });
        // Candidates overtake the answer, and an offerer may tell its own only after that.
        const answers: PeerSignal[] = [];
        answerer.onSignal((signal) => {
          if (signal.kind === 'description') answers.push(signal);
          else offerer.signal(signal);
        });
        await rig.until(() => answers.length > 0);
        await rig.quiet();
        for (const signal of answers) offerer.signal(signal);
        const mid = 'midi';
        for (const candidate of [
          '',
          'candidate:',
          'candidate:1 1 UDP 1 dc0ffee0-1111.local 5004 typ host',
          'candidate:1 1 UDP 1 300.1.1.1 5004 typ host',
          'candidate:1 1 UDP 1 10.0.0.1 0 typ host',
          'candidate:1 1 TCP 1 10.0.0.1 9 typ host tcptype active',
          `candidate:1 1 UDP 1 10.0.0.1 5004 typ host\r\na=setup:active`,
          `candidate:${'1'.repeat(100_000)}`,
        ]) {
          answerer.signal({ kind: 'candidate', candidate, mid });
          offerer.signal({ kind: 'candidate', candidate, mid });
          offerer.signal({ kind: 'candidate', candidate, mid: '\r\n' });
        }
        for (const signal of [...held, ...held]) answerer.signal(signal);
        await Promise.all([opened(rig, offerer), opened(rig, answerer)]);
      },
    );

    contract(
      'a description that can not be used fails the connection with words, and never throws',
      async (rig, teardown) => {
        const { offerer: usable } = openEnds(rig, teardown);
        const offers: string[] = [];
        usable.onSignal((signal) => {
          if (signal.kind === 'description') offers.push(signal.sdp);
        });
        await rig.until(() => offers.length === 1);
        const offer = offers[0] ?? '';
        for (const sdp of [
          '',
          'nonsense',
          'v=0\r\n',
          offer.replace(/a=fingerprint:.*\r\n/g, ''),
          offer.replace(/a=fingerprint:sha-256 ../g, 'a=fingerprint:sha-256 XY'),
          `${offer}${'a=x:y\r\n'.repeat(2_000)}`,
        ]) {
          const answerer = teardown.hold(rig.far.open({ role: 'answerer', iceServers: [] }));
          const told = outcome(answerer);
          answerer.signal({ kind: 'description', type: 'offer', sdp });
          await rig.until(() => told.failed !== undefined);
          expect(told.failed).toMatch(/\w+ \w+/);
          expect(told.stream).toBeUndefined();
          answerer.signal({ kind: 'description', type: 'offer', sdp: offer });
        }
        const told = outcome(usable);
        usable.signal({ kind: 'description', type: 'offer', sdp: offer });
        await rig.until(() => told.failed !== undefined);
      },
    );

    contract('who asks late whether it is open is told soon', async (rig, teardown) => {
      const { offerer, near } = await connected(rig, teardown);
      let told: PeerStream | undefined;
      offerer.onOpen((stream) => {
        told = stream;
      });
      expect(told).toBeUndefined();
      await rig.until(() => told !== undefined);
      expect(told).toBe(near);
    });

    contract(
      'disposed before it is open: failure is told once, and to who asks late; it may be disposed again',
      async (rig, teardown) => {
        for (const moment of ['at once', 'after its signals', 'half open'] as const) {
          const { offerer, answerer } = openEnds(rig, teardown);
          let told = 0;
          offerer.onFailed(() => told++);
          let heard = 0;
          offerer.onSignal((signal) => {
            heard++;
            if (moment === 'half open') answerer.signal(signal);
          });
          if (moment !== 'at once') await rig.until(() => heard > 0);
          if (moment === 'half open') relay(answerer, offerer);
          await Promise.resolve();
          await rig.finish(offerer[Symbol.asyncDispose]());
          const before = heard;
          offerer.signal({ kind: 'description', type: 'answer', sdp: 'v=0\r\n' });
          await rig.finish(offerer[Symbol.asyncDispose]());
          await rig.until(() => told > 0);
          let late: string | undefined;
          offerer.onFailed((reason) => {
            late = reason;
          });
          await rig.until(() => late !== undefined);
          expect(told).toBe(1);
          expect(heard).toBe(before);
          await rig.finish(answerer[Symbol.asyncDispose]());
        }
      },
    );

    contract(
      'both ends have the same binding of 32 octets, and every connection another one',
      async (rig, teardown) => {
        const bindings = new Set<string>();
        for (let round = 0; round < 3; round++) {
          const { near, far } = await connected(rig, teardown);
          expect(near.binding).toHaveLength(32);
          expect(hex(near.binding)).toBe(hex(far.binding));
          bindings.add(hex(near.binding));
        }
        expect(bindings.size).toBe(3);
      },
    );

    contract(
      'somebody in the middle who has a connection with each of them has two bindings',
      async (rig, teardown) => {
        const { offerer, answerer } = openEnds(rig, teardown);
        const { near: left, nearHost: leftHost, far: right, farHost: rightHost } = rig;
        const swapped = { near: right, nearHost: rightHost, far: left, farHost: leftHost };
        const middle = openEnds({ ...rig, ...swapped }, teardown);
        relay(offerer, middle.answerer);
        relay(middle.answerer, offerer);
        relay(middle.offerer, answerer);
        relay(answerer, middle.offerer);
        const [near, far, facingNear, facingFar] = await Promise.all([
          opened(rig, offerer),
          opened(rig, answerer),
          opened(rig, middle.answerer),
          opened(rig, middle.offerer),
        ]);
        expect(hex(near.binding)).toBe(hex(facingNear.binding));
        expect(hex(far.binding)).toBe(hex(facingFar.binding));
        expect(hex(near.binding)).not.toBe(hex(far.binding));
      },
    );

    contract(
      'a fingerprint that was changed on the way keeps the connection from opening',
      async (rig, teardown) => {
        const ends = openEnds(rig, teardown);
        const change: Rewrite = (signal) =>
          signal.kind === 'candidate' || signal.type === 'answer'
            ? signal
            : {
                ...signal,
                sdp: signal.sdp.replace(/(sha-256 )(..)/gi, (_all, word: string, octet: string) =>
                  word.concat(octet === '00' ? '01' : '00'),
                ),
              };
        const [near, far] = [outcome(ends.offerer), outcome(ends.answerer)];
        relay(ends.offerer, ends.answerer, change);
        relay(ends.answerer, ends.offerer);
        await rig.until(() => far.failed !== undefined);
        await rig.quiet();
        expect(far.stream).toBeUndefined();
        expect(near.stream).toBeUndefined();
      },
    );

    contract('bytes are copied, and come in order and whole', async (rig, teardown) => {
      const { near, far } = await connected(rig, teardown);
      const bytes = collect(far);
      const part = new Uint8Array(40_000);
      for (let round = 0; round < 5; round++) {
        expect(near.write(part.fill(round))).toBe(true);
        near.write(Uint8Array.of(100 + round));
      }
      part.fill(255);
      await rig.until(() => bytes.length === 5 * 40_001);
      for (let round = 0; round < 5; round++) {
        const piece = bytes.slice(round * 40_001, (round + 1) * 40_001);
        expect(piece.pop()).toBe(100 + round);
        expect(piece.every((octet) => octet === round)).toBe(true);
      }
    });

    contract(
      'bytes that came before the first listener are kept for it; packets are not',
      async (rig, teardown) => {
        const { near, far } = await connected(rig, teardown);
        near.write(Uint8Array.of(1, 2));
        near.write(Uint8Array.of(3));
        lane(near).send(packet(1));
        await rig.quiet();
        const bytes = collect(far);
        const packets = collectPackets(far);
        expect(bytes).toEqual([]);
        near.write(Uint8Array.of(4));
        lane(near).send(packet(2));
        await rig.until(() => bytes.length === 4 && packets.length === 1);
        expect(bytes).toEqual([1, 2, 3, 4]);
        expect(packets).toEqual([packet(2)]);
      },
    );

    contract(
      'with more than 1 MiB unsent a write is refused whole, and accepted again later',
      async (rig, teardown) => {
        const { near, far } = await connected(rig, teardown);
        let arrived = 0;
        let wrong = 0;
        const part = new Uint8Array(65_536);
        far.onBytes((bytes) => {
          for (const octet of bytes) {
            if (octet !== Math.floor(arrived++ / part.length) % 251) wrong++;
          }
        });
        let taken = 0;
        while (taken < 1_000 && near.write(part.fill(taken % 251))) taken++;
        expect(taken).toBeGreaterThanOrEqual(16);
        expect(taken).toBeLessThan(1_000);
        await rig.until(() => arrived === taken * part.length);
        expect(wrong).toBe(0);
        expect(near.write(Uint8Array.of(taken % 251))).toBe(true);
        await rig.until(() => arrived === taken * part.length + 1);
      },
    );

    contract(
      'what was written before the stream is disposed still arrives, then the far end is told once',
      async (rig, teardown) => {
        const { near, far } = await connected(rig, teardown);
        const bytes = collect(far);
        let told = 0;
        far.onClosed(() => told++);
        near.write(new Uint8Array(300_000).fill(5));
        await rig.finish(near[Symbol.asyncDispose]());
        await rig.until(() => told > 0);
        expect(bytes).toHaveLength(300_000);
        expect(far.write(Uint8Array.of(1))).toBe(false);
        await rig.finish(far[Symbol.asyncDispose]());
        await rig.quiet();
        expect(told).toBe(1);
      },
    );

    contract(
      'the end that disposes is told once too, also who asks late; it sends no more and may dispose again',
      async (rig, teardown) => {
        const { near } = await connected(rig, teardown);
        let told = 0;
        near.onClosed(() => told++);
        await rig.finish(near[Symbol.asyncDispose]());
        await rig.finish(near[Symbol.asyncDispose]());
        let late = 0;
        near.onClosed(() => late++);
        expect(late).toBe(0);
        await rig.until(() => told + late === 2);
        expect(near.write(Uint8Array.of(1))).toBe(false);
        const { unsent } = lane(near);
        lane(near).send(packet(1));
        expect(lane(near).unsent).toBe(unsent + 1);
      },
    );

    contract('disposing the connection ends its stream at both ends', async (rig, teardown) => {
      const { offerer, near, far } = await connected(rig, teardown);
      let told = 0;
      near.onClosed(() => told++);
      far.onClosed(() => told++);
      await rig.finish(offerer[Symbol.asyncDispose]());
      await rig.until(() => told === 2);
    });

    contract('a disposed listener hears nothing more', async (rig, teardown) => {
      const { near, far } = await connected(rig, teardown);
      let heard = 0;
      far.onBytes(() => heard++)[Symbol.dispose]();
      far.onClosed(() => heard++)[Symbol.dispose]();
      lane(far)
        .onPacket(() => heard++)
        [Symbol.dispose]();
      const bytes = collect(far);
      const packets = collectPackets(far);
      near.write(Uint8Array.of(1));
      lane(near).send(packet(1));
      await rig.until(() => bytes.length === 1 && packets.length === 1);
      expect(heard).toBe(0);
    });

    contract(
      'packets of payload types 97 to 101 and any source come as they were, with the instant of their coming',
      async (rig, teardown) => {
        const { near, far } = await connected(rig, teardown);
        const received: { bytes: Uint8Array; at: number }[] = [];
        lane(far).onPacket((bytes, at) => void received.push({ bytes: bytes.slice(), at }));
        const before = rig.clock.now();
        const sent = [97, 98, 99, 100, 101].map((type, at) => packet(at, [type, 1, 2, 3], type));
        const marked = packet(5, [1], 0x80 | 97);
        const other = packet(
          6,
          Array.from({ length: 1_188 }, (_, at) => at & 0xff),
        );
        other.set([0xde, 0xad, 0xbe, 0xef], 8);
        for (const bytes of [...sent, marked, other]) lane(near).send(bytes);
        await rig.until(() => received.length === 7);
        const sorted = received.map(({ bytes }) => bytes).sort((a, b) => (a[3] ?? 0) - (b[3] ?? 0));
        expect(sorted).toEqual([...sent, marked, other]);
        for (const { at } of received) {
          expect(at).toBeGreaterThanOrEqual(before);
          expect(at).toBeLessThanOrEqual(rig.clock.now());
        }
        expect(lane(near).unsent).toBe(0);
      },
    );

    contract('packets are copied, up to the length that is given', async (rig, teardown) => {
      const { near, far } = await connected(rig, teardown);
      const packets = collectPackets(far);
      const scratch = new Uint8Array(2_000);
      for (let sequence = 0; sequence < 20; sequence++) {
        scratch.set(packet(sequence, [sequence, 99, 99]));
        lane(near).send(scratch, 13);
        scratch.fill(255);
      }
      await rig.until(() => packets.length === 20);
      const expected = Array.from({ length: 20 }, (_, at) => packet(at, [at]));
      expect(packets.sort((a, b) => (a[3] ?? 0) - (b[3] ?? 0))).toEqual(expected);
    });

    contract(
      'what is no RTP packet of at most 1200 octets is not sent, and counted',
      async (rig, teardown) => {
        const { near, far } = await connected(rig, teardown);
        const packets = collectPackets(far);
        const odd = packet(1);
        odd[0] = 0x40;
        const unfit: [Uint8Array, number?][] = [
          [new Uint8Array(0)],
          [packet(1).subarray(0, 11)],
          [odd],
          [packet(1, [], 72)],
          [packet(1, new Array(1_189).fill(0))],
          [packet(1), 13],
          [packet(1), -1],
        ];
        for (const [bytes, length] of unfit) lane(near).send(bytes, length);
        expect(lane(near).unsent).toBe(unfit.length);
        lane(near).send(packet(2));
        await rig.until(() => packets.length > 0);
        await rig.quiet();
        expect(packets).toEqual([packet(2)]);
      },
    );

    contract('the route is local, between the two hosts', async (rig, teardown) => {
      const { near, far } = await connected(rig, teardown);
      expect(near.route.kind).toBe('local');
      expect(near.route.local.host).toBe(rig.nearHost);
      expect(near.route.remote.host).toBe(rig.farHost);
      expect(far.route.local).toEqual(near.route.remote);
      expect(far.route.remote).toEqual(near.route.local);
      expect(near.remote).toEqual(near.route.remote);
    });

    contract('ten connections open at once and keep apart', async (rig, teardown) => {
      const pairs = await Promise.all(Array.from({ length: 10 }, () => connected(rig, teardown)));
      const heard = pairs.map(({ far }) => ({ bytes: collect(far), packets: collectPackets(far) }));
      pairs.forEach(({ near }, at) => {
        near.write(Uint8Array.of(at));
        lane(near).send(packet(at, [at]));
      });
      await rig.until(() => heard.every((each) => each.bytes.length + each.packets.length === 2));
      heard.forEach(({ bytes, packets }, at) => {
        expect(bytes).toEqual([at]);
        expect(packets).toEqual([packet(at, [at])]);
      });
    });

    contract(
      'only relayed without a TURN server, or on an address that is not ours, fails with words',
      async (rig) => {
        for (const init of [{ relayOnly: true }, { host: '203.0.113.77' }]) {
          for (const role of ['offerer', 'answerer'] as const) {
            const connection = rig.near.open({ role, iceServers: [], ...init });
            const told = outcome(connection);
            await rig.until(() => told.failed !== undefined);
            expect(told.failed).toMatch(/\w+ \w+/);
            await rig.finish(connection[Symbol.asyncDispose]());
          }
        }
      },
    );
  });
}

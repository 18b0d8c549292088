import { describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { fromSeconds } from '../../runtime/core/time.ts';
import type { Clock, WallClock } from '../../runtime/ports/clock.ts';
import { LINK_PROTOCOL } from '../../runtime/transport/link/hello.ts';
import type { Link } from '../../runtime/transport/link/link.ts';
import { LinkCounters } from '../../runtime/transport/link/link-counters.ts';
import { dialLink, listenForLinks } from '../../runtime/transport/link/link-network.ts';
import type { LinkEnd } from '../../runtime/transport/link/link-state.ts';
import type { PeerNetwork } from '../../runtime/transport/link/peer-network.ts';
import { letIn, makeSession, openTestBox } from '../credentials-rig.ts';

/** Two boxes on one network. */
export interface LinkRig extends AsyncDisposable {
  readonly near: PeerNetwork;
  readonly far: PeerNetwork;
  readonly farHost: string;
  readonly clock: Clock & WallClock;
  /** What such links are good for. */
  readonly supports: { readonly packets: boolean };
  /** Waits until it is so; rejects when it never comes to it. */
  until(reached: () => boolean): Promise<void>;
  finish<T>(promise: PromiseLike<T>): Promise<T>;
  quiet(seconds: number): Promise<void>;
  /** Nothing gets from one box to the other any more. Undefined: the rig can't. */
  readonly part?: () => void;
}

interface Pair {
  readonly near: Link;
  readonly far: Link;
  readonly nearCounters: LinkCounters;
  /** Another link between the same boxes. */
  again(): Promise<{ readonly near: Link; readonly far: Link }>;
}

async function linked(rig: LinkRig, held: Teardown): Promise<Pair> {
  const { clock } = rig;
  const security = rig.supports.packets ? 'encrypted' : 'open';
  const ada = await openTestBox({ clock }, 'Ada', { security });
  const ben = await openTestBox({ clock }, 'Ben', { security });
  const session = makeSession(ada);
  letIn(ada, ben);
  const nearCounters = new LinkCounters();
  const hello = (box: typeof ada, boot: number) => ({
    protocol: LINK_PROTOCOL,
    box: box.identity.box,
    session,
    name: box.name,
    rtpPort: 5004,
    ssrc: 1,
    linkPort: 5008,
    boot,
    seenAs: '',
  });
  const accepted: Link[] = [];
  const listener = held.hold(
    await listenForLinks(
      { clock, peers: rig.far, counters: new LinkCounters() },
      {
        port: 0,
        host: rig.farHost,
        hello: () => hello(ben, 2),
        judge: () => undefined,
        terms: { credentials: ben },
        onLink: (link) => accepted.push(held.hold(link)),
      },
    ),
  );
  const to = { host: rig.farHost, port: listener.local.port };
  const open = async () => {
    const before = accepted.length;
    const dialing = dialLink(
      { clock, peers: rig.near, counters: nearCounters },
      {
        to,
        hello: hello(ada, 1),
        limit: fromSeconds(3),
        signal: new AbortController().signal,
        credentials: ada,
      },
    );
    const near = held.hold(await rig.finish(dialing));
    await rig.until(() => accepted.length > before);
    return { near, far: accepted[before] as Link };
  };
  return { ...(await open()), nearCounters, again: open };
}

const packet = (number: number): Uint8Array =>
  Uint8Array.from([0x80, 97, 0, number, 0, 0, 0, 0, 0, 0, 0, 9, number]);

function ends(link: Link): LinkEnd[] {
  const told: LinkEnd[] = [];
  link.onClosed((end) => told.push(end));
  return told;
}

export function linkContract(name: string, openRig: () => LinkRig | Promise<LinkRig>): void {
  const withPair = (what: (rig: LinkRig, pair: Pair) => Promise<void>) => async () => {
    await using held = new Teardown();
    const rig = held.hold(await openRig());
    await what(rig, await linked(rig, held));
  };

  describe(`${name} keeps the promises of a link:`, () => {
    test(
      'frames arrive in order, on the channel they were sent on, both ways',
      withPair(async ({ until }, { near, far }) => {
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const) {
          const heard: string[] = [];
          to.onFrame((channel, frame) => heard.push(`${channel}:${frame.join('.')}`));
          for (let number = 0; number < 50; number++) {
            expect(from.send(1 + (number % 3), Uint8Array.of(number))).toBe(true);
          }
          from.send(255, new Uint8Array(0));
          await until(() => heard.length >= 51);
          const wanted = Array.from({ length: 50 }, (_, number) => `${1 + (number % 3)}:${number}`);
          expect(heard).toEqual([...wanted, '255:']);
        }
      }),
    );

    test(
      'a frame of the greatest length arrives',
      withPair(async ({ until }, { near, far }) => {
        const heard: Uint8Array[] = [];
        far.onFrame((_channel, frame) => heard.push(frame.slice()));
        const frame = Uint8Array.from({ length: 262_143 }, (_, at) => at & 0xff);
        expect(near.send(1, frame)).toBe(true);
        await until(() => heard.length > 0);
        expect(Buffer.from(heard[0] ?? []).equals(Buffer.from(frame))).toBe(true);
      }),
    );

    test(
      'frames that come before anybody listens are kept',
      withPair(async ({ until, quiet }, { near, far }) => {
        near.send(7, Uint8Array.of(7));
        await quiet(0.3);
        const heard: number[] = [];
        far.onFrame((channel) => heard.push(channel));
        await until(() => heard.length > 0);
        expect(heard).toEqual([7]);
      }),
    );

    test(
      'the fast lane carries packets both ways, or says that there is none',
      withPair(async ({ supports, until }, { near, far }) => {
        expect([near.packets !== undefined, far.packets !== undefined]).toEqual([
          supports.packets,
          supports.packets,
        ]);
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const) {
          const heard: number[] = [];
          to.packets?.onPacket((bytes) => heard.push(bytes[12] ?? -1));
          for (let number = 0; number < 5; number++) from.packets?.send(packet(number));
          if (supports.packets) await until(() => heard.length === 5);
          expect(heard.sort()).toEqual(supports.packets ? [0, 1, 2, 3, 4] : []);
        }
      }),
    );

    test(
      'both ends know who is at the other, and say alike whether that is proven and encrypted',
      withPair(async ({ supports }, { near, far }) => {
        expect([near.peer.name, far.peer.name]).toEqual(['Ben', 'Ada']);
        expect([near.dialer, far.dialer]).toEqual([true, false]);
        expect([near.secure, far.secure]).toEqual([supports.packets, supports.packets]);
        expect([near.key.length, far.key.length]).toEqual([32, 32]);
        expect(near.key).not.toEqual(far.key);
        expect(near.route.kind).toBe('local');
        expect(far.route.kind).toBe('local');
      }),
    );

    test(
      'a goodbye is told once to both ends, with its cause, and nothing is sent any more',
      withPair(async ({ until, quiet, finish }, { near, far }) => {
        const [own, other] = [ends(near), ends(far)];
        const heard: number[] = [];
        far.onFrame((channel) => heard.push(channel));
        near.send(1, Uint8Array.of(1));
        await finish(near[Symbol.asyncDispose]());
        await finish(near[Symbol.asyncDispose]());
        expect(near.send(1, Uint8Array.of(1))).toBe(false);
        await until(() => other.length > 0);
        await quiet(0.2);
        expect(own).toEqual([{ kind: 'closed' }]);
        expect(other).toEqual([{ kind: 'bye', code: 'leaving', text: '' }]);
        expect(heard).toEqual([1]);
      }),
    );

    test(
      'an idle link stays up, and both ends hear from each other at least each second',
      withPair(async ({ quiet, clock }, { near, far }) => {
        const [own, other] = [ends(near), ends(far)];
        for (let second = 0; second < 3; second++) {
          await quiet(1);
          for (const link of [near, far]) {
            expect(clock.now() - link.heardAt).toBeLessThan(1_000_000);
          }
        }
        expect([own, other]).toEqual([[], []]);
      }),
    );

    test(
      'who is cut off is told why; who is replaced is told so',
      withPair(async ({ until }, { near, far, again }) => {
        const second = await again();
        const [cut, replaced] = [ends(far), ends(second.far)];
        near.cut('author');
        second.near.replace();
        await until(() => cut.length > 0 && replaced.length > 0);
        expect(cut).toEqual([{ kind: 'bye', code: 'misbehaved', text: 'author' }]);
        expect(replaced).toEqual([{ kind: 'bye', code: 'replaced', text: '' }]);
      }),
    );

    test(
      'two links between the same boxes do not hear each other',
      withPair(async ({ until, quiet }, { near, far, again }) => {
        const second = await again();
        const heard: string[] = [];
        far.onFrame((channel) => heard.push(`first ${channel}`));
        second.far.onFrame((channel) => heard.push(`second ${channel}`));
        near.send(1, new Uint8Array(1));
        second.near.send(2, new Uint8Array(1));
        await until(() => heard.length >= 2);
        await quiet(0.2);
        expect(heard.sort()).toEqual(['first 1', 'second 2']);
      }),
    );

    test(
      'who sends more frames than a link carries is cut off and told so',
      withPair(async ({ until }, { near, far }) => {
        const told = ends(near);
        far.onFrame(() => {});
        for (let count = 0; count < 2_500; count++) near.send(1, new Uint8Array(10));
        await until(() => told.length > 0);
        expect(told).toEqual([{ kind: 'bye', code: 'misbehaved', text: 'rate' }]);
      }),
    );

    test(
      'a far end that can not be reached any more is taken for dead after six seconds',
      withPair(async (rig, { near }) => {
        if (!rig.part) return;
        const told = ends(near);
        rig.part();
        await rig.quiet(5);
        expect(told).toEqual([]);
        await rig.quiet(2);
        expect(told).toEqual([{ kind: 'silent' }]);
      }),
    );
  });
}

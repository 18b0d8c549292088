import { expect, test } from 'vitest';
import type { BoxId } from '../core/ensemble.ts';
import { fromSeconds, type Instant } from '../core/time.ts';
import type { PacketLane } from '../ports/peer-connection.ts';
import { ParticipantWays, type TurnOutcome } from './participant-ways.ts';
import type { ParticipantEntry } from './participants-document.ts';
import type { ParticipantLink } from './session.ts';

const MESH = 3;
const idOf = (n: number): BoxId => n.toString(16).padStart(32, '0') as BoxId;
const LANE: PacketLane = {
  send: () => {},
  onPacket: () => ({ [Symbol.dispose]: () => {} }),
  unsent: 0,
};

const linkTo = (n: number, packets: PacketLane | undefined): ParticipantLink =>
  ({
    peer: { box: idOf(n), ssrc: n, boot: n },
    secure: packets !== undefined,
    packets,
  }) as ParticipantLink;

/** Box 3 of five, and what it is told. Boxes 1 and 2 are linked with everybody, unless it is said. */
function openWays(linksOf: (n: number) => readonly number[] = () => [1, 2, 3, 4, 5]) {
  const log: string[] = [];
  let routes = '';
  const ways = new ParticipantWays(
    {
      onParticipant: ({ peer, packets, secure }, state) =>
        log.push(
          `${Number.parseInt(peer.box, 16)} ${packets || !secure ? 'link' : 'passed on'} ${state}`,
        ),
      onRoutes: (told) => {
        routes = [...told]
          .map(
            ([box, by]) =>
              `${Number.parseInt(box, 16)} by ${by.map((id) => Number.parseInt(id, 16))}`,
          )
          .join(', ');
      },
    },
    { self: idOf(3), meshLimit: MESH },
  );
  const linked = new Set<BoxId>();
  let now = 0 as Instant;
  const turn = (boxes: readonly number[], later = 0): TurnOutcome => {
    now = (now + fromSeconds(later)) as Instant;
    const entries = new Map(
      boxes.map((n) => [
        idOf(n),
        {
          present: true,
          links: linksOf(n).map(idOf),
          forwarders: [idOf(1), idOf(2)],
          stats: {},
          joined: n,
          ssrc: n,
          boot: n,
        } as unknown as ParticipantEntry,
      ]),
    );
    return ways.turn({ now, within: new Set(boxes.map(idOf)), entries, host: idOf(1), linked });
  };
  return {
    ways,
    log,
    routes: () => routes,
    turn,
    link(...boxes: number[]) {
      for (const n of boxes) {
        linked.add(idOf(n));
        ways.linked(linkTo(n, LANE));
      }
    },
    unlink(n: number) {
      linked.delete(idOf(n));
      ways.unlinked(linkTo(n, LANE));
    },
  };
}

const ALL = [1, 2, 3, 4, 5];

test('boxes without a link come by way of those who forward, and are not to be linked with', () => {
  const { ways, log, routes, turn, link } = openWays();
  link(1, 2);
  expect(turn(ALL).forwarders).toEqual([idOf(1), idOf(2)]);
  expect(log).toEqual([
    '1 link linked',
    '2 link linked',
    '4 passed on linked',
    '5 passed on linked',
  ]);
  expect(routes()).toBe('1 by 2, 2 by 1, 4 by 1,2, 5 by 1,2');
  expect(ALL.filter((n) => ways.wants(idOf(n)))).toEqual([1, 2, 3]);
  expect(ways.forwarded).toEqual([idOf(4), idOf(5)]);
});

test('a link that is needless is ended after a while by the smaller id, and its box neither goes nor comes', () => {
  const { log, turn, link, unlink } = openWays();
  link(1, 2, 4);
  expect(turn(ALL).needless).toEqual([]);
  expect(turn(ALL, 2).needless).toEqual([]);
  expect(turn(ALL, 2).needless).toEqual([idOf(4)]);
  unlink(4);
  turn(ALL);
  expect(log.filter((line) => line.startsWith('4'))).toEqual([
    '4 link linked',
    '4 passed on linked',
  ]);
});

test('a box to which nobody passes on is wanted after a while, and its link is kept', () => {
  const { ways, turn, link } = openWays((n) => (n < 3 ? [1, 2, 3, 5] : [1, 2]));
  link(1, 2);
  turn(ALL);
  expect(ways.wants(idOf(4))).toBe(false);
  turn(ALL, 4);
  expect(ways.wants(idOf(4))).toBe(true);
  link(4);
  turn(ALL, 1);
  expect(turn(ALL, 9).needless).toEqual([]);
});

test('when nobody is left to pass on, or the session is left, those passed on are gone', () => {
  const { ways, log, turn, link, unlink } = openWays();
  link(1, 2);
  turn(ALL);
  unlink(1);
  // The other passes on to it, until that one is gone, too.
  expect(log.at(-1)).toBe('1 passed on linked');
  unlink(2);
  log.length = 0;
  turn(ALL);
  expect(log.sort()).toEqual([1, 2, 4, 5].map((n) => `${n} passed on unlinked`));
  link(1, 2);
  turn(ALL, 1);
  log.length = 0;
  ways[Symbol.dispose]();
  expect(log).toEqual(['4 passed on unlinked', '5 passed on unlinked']);
});

test('over open links nothing is passed on', () => {
  const { ways, routes, turn } = openWays();
  ways.linked(linkTo(1, undefined));
  expect(turn(ALL).forwarders).toEqual([]);
  expect(routes()).toBe('');
});

/** Boxes, networks that break and stall, servers that restart: what holds however it goes. */
import { expect, test } from 'vitest';
import type { BoxId } from '../../runtime/core/ensemble.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { entryOf, NEVER, openControlRig } from './control-rig.ts';

const SEEDS = Number(process.env['CONTROL_SEEDS'] ?? 8);
const BOXES = 5;
const STEPS = 60;

async function run(seed: number): Promise<void> {
  const randomness = seededRandomness(`chaos ${seed}`);
  const pick = (count: number): number => randomness.uint32() % count;
  const servers = 1 + (seed % 2);
  const rig = openControlRig(
    seed,
    { limits: { dialsPerMinute: 1e6, accountsPerAddressPerHour: 1e6 } },
    servers,
  );
  const address = (at: number): string => `198.51.100.${at}`;
  const boxes = Array.from({ length: BOXES }, (_, at) => rig.box(`box ${at}`, address(at)));
  const heard = new Map<BoxId, string[]>();
  let wrong = 0;
  for (const { plane, identity } of boxes) {
    const mine: string[] = [];
    heard.set(identity.box, mine);
    plane.onSignal((from, message) => mine.push(`${from} ${new TextDecoder().decode(message)}`));
    plane.onTunnel((_from, stream) => {
      // What comes is a run from the beginning, however soon it ends.
      let next = 0;
      stream.onBytes((bytes) => {
        for (const octet of bytes) if (octet !== next++ % 251) wrong++;
      });
    });
  }
  let sent = 0;
  for (let step = 0; step < STEPS; step++) {
    const [from, to] = [pick(BOXES), pick(BOXES)];
    const box = boxes[from];
    const other = boxes[to]?.identity.box;
    if (!box || !other) throw new Error('no such box');
    switch (pick(8)) {
      case 0:
        rig.sockets.cut(address(from));
        break;
      case 1:
        rig.sockets.stall(true, address(from));
        break;
      case 2:
        rig.sockets.stall(false, address(from));
        break;
      case 3:
        box.plane.publish(pick(3) === 0 ? undefined : entryOf(box.identity));
        break;
      case 4:
        if (other !== box.identity.box)
          box.plane.openTunnel(other, NEVER).then(
            (stream) => {
              stream.write(Uint8Array.from({ length: pick(200_000) }, (_, at) => at % 251));
              if (pick(2) === 0) void stream[Symbol.asyncDispose]();
            },
            () => {},
          );
        break;
      case 5:
        if (pick(4) === 0) {
          await rig.finish(rig.stop());
          await rig.turn(pick(3_000));
          rig.start();
        }
        break;
      default: {
        const message = new TextEncoder().encode(String(sent++));
        box.plane.signal(other, message).catch(() => {});
      }
    }
    await rig.turn(pick(400));
  }

  for (let at = 0; at < BOXES; at++) rig.sockets.stall(false, address(at));
  await rig.until(() => boxes.every(({ plane }) => plane.state === 'online'));
  await rig.turn(15_000);
  expect(wrong).toBe(0);
  // Nobody hears a letter twice, and those of one sender come in order.
  for (const letters of heard.values()) {
    expect(new Set(letters).size).toBe(letters.length);
    for (const { identity } of boxes) {
      const numbers = letters
        .filter((text) => text.startsWith(identity.box))
        .map((text) => Number(text.split(' ')[1]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  }
  // And all can talk again.
  const before = [...heard.values()].map((letters) => letters.length);
  for (const { plane } of boxes)
    for (const { identity } of boxes)
      await rig.finish(plane.signal(identity.box, new TextEncoder().encode(String(sent++))));
  await rig.turn(100);
  expect([...heard.values()].map((letters, at) => letters.length - (before[at] ?? 0))).toEqual(
    boxes.map(() => BOXES),
  );
  const counted = (what: 'connections' | 'signedIn' | 'tunnels'): number =>
    rig.servers().reduce((sum, { counters }) => sum + counters[what], 0);
  expect([counted('connections'), counted('signedIn')]).toEqual([BOXES, BOXES]);
  expect(await rig.store.list('presence/')).toHaveLength(BOXES);
  for (const { plane } of boxes) await plane[Symbol.asyncDispose]();
  await rig.turn(500);
  expect([counted('connections'), counted('signedIn'), counted('tunnels')]).toEqual([0, 0, 0]);
  for (const prefix of ['presence/', 'directory/'])
    expect(await rig.store.list(prefix)).toEqual([]);
}

test(`${SEEDS} seeds: nobody hears a letter twice or out of order, and everybody finds back`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await run(seed);
    } catch (failure) {
      throw new Error(`seed ${seed}`, { cause: failure });
    }
  }
});

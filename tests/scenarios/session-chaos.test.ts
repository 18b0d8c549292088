import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { agreed, never, openSessionRig, type SessionBox } from './session-rig.ts';

const SEEDS = 8;
const ACTS = 14;
const WHAT = ['restart', 'leave', 'part', 'heal', 'unplug', 'tempo', 'mode', 'wait'] as const;

/** Boxes come, go, fall over and are parted at random; then the network is whole for a while. */
async function chaos(seed: number) {
  const random = seededRandomness(`chaos ${seed}`);
  const upTo = (count: number): number => random.uint32() % count;
  const rig = openSessionRig(seed);
  const names = [...'ABCDEF'].slice(0, 3 + upTo(4));
  const boxes = new Map<string, SessionBox>();
  for (const name of names) boxes.set(name, await rig.start(name));
  const box = (name: string): SessionBox => boxes.get(name) as SessionBox;
  const history: string[] = [];
  const ignore = (): void => {};
  const join = (name: string): void => {
    const target = box(name).session.found[0];
    if (target) box(name).session.join(target, never()).catch(ignore);
  };

  await box('A').session.create('Basement');
  await rig.seconds(1);
  for (const name of names.slice(1)) join(name);
  await rig.seconds(5);

  for (let act = 0; act < ACTS; act++) {
    const name = names[upTo(names.length)] as string;
    const what = WHAT[upTo(WHAT.length)] as (typeof WHAT)[number];
    history.push(`${what} ${name}`);
    switch (what) {
      case 'restart':
        box(name).kill();
        await rig.seconds(upTo(12));
        boxes.set(name, await rig.start(name));
        box(name).session.rejoinLast(never()).catch(ignore);
        break;
      case 'leave':
        await box(name).session.leave();
        await rig.seconds(upTo(4));
        join(name);
        break;
      case 'part': {
        const group = names.filter(() => upTo(2) === 0).map((one) => box(one).address);
        rig.network.partition(group);
        // With a way around by the control plane, or without one.
        rig.hub.setUp(upTo(2) === 0);
        break;
      }
      case 'heal':
        rig.network.heal();
        rig.hub.setUp(true);
        break;
      case 'unplug':
        rig.network.host(box(name).address).disconnect();
        await rig.seconds(upTo(20));
        rig.network.host(box(name).address).reconnect();
        break;
      case 'tempo':
        box(name).session.setTempo(60 + upTo(100));
        break;
      case 'mode':
        box(name).session.setMode(upTo(2) === 0 ? 'groove' : 'tight');
        break;
      case 'wait':
        break;
    }
    await rig.seconds(upTo(15));
  }
  rig.network.heal();
  rig.hub.setUp(true);
  await rig.seconds(10);
  for (const one of names) if (!box(one).session.context) join(one);
  await rig.seconds(40);
  return { rig, boxes: names.map(box), history };
}

test('after any turmoil every box that is in the session sees the same ensemble, on the same time', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { boxes, history } = await chaos(seed);
    const told = `seed ${seed}: ${history.join(', ')}`;
    const [first, ...others] = boxes as [SessionBox, ...SessionBox[]];
    expect(first.session.context?.participants.length, told).toBe(boxes.length);
    for (const other of others) {
      expect(agreed(other), told).toEqual(agreed(first));
      expect(Math.abs(other.ensembleNow() - first.ensembleNow()), told).toBeLessThan(1);
      expect(other.session.stats.links, told).toBe(boxes.length - 1);
    }
    for (const box of boxes) {
      const { silent: _silent, late: _late, ...cut } = box.session.stats.cut;
      expect(cut, told).toEqual({});
      await box.session[Symbol.asyncDispose]();
    }
  }
}, 240_000);

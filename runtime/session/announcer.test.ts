import { expect, test } from 'vitest';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { PortError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { fromSeconds } from '../core/time.ts';
import type { Discovery, ServiceAdvert } from '../ports/discovery.ts';
import { openAnnouncer } from './announcer.ts';

function openRig() {
  const clock = new VirtualClock();
  const calls: string[] = [];
  let works = true;
  const discovery: Discovery = {
    async announce({ name, txt }) {
      if (!works) throw new PortError('unavailable', 'no network');
      calls.push(`announce ${name} ${txt['tempo']}`);
      return {
        name,
        update: async (changed) => void calls.push(`update ${changed['tempo']}`),
        [Symbol.asyncDispose]: async () => void calls.push(`withdraw ${name}`),
      };
    },
    browse: () => ({ [Symbol.dispose]() {} }),
    async [Symbol.asyncDispose]() {},
  };
  const announcer = openAnnouncer({ clock, discovery, log: silentLog });
  return {
    announcer,
    calls,
    seconds: (count: number) => clock.advanceSettling(fromSeconds(count)),
    setWorks: (yes: boolean) => {
      works = yes;
    },
  };
}

const advert = (name: string, tempo: string): ServiceAdvert => ({
  name,
  type: '_jam-togthr._tcp',
  port: 5008,
  txt: { tempo },
});

test('changes are told at most every two seconds, the last one always', async () => {
  const { announcer, calls, seconds } = openRig();
  for (let tempo = 100; tempo < 150; tempo++) {
    announcer.set(advert('A', String(tempo)));
    await seconds(0.1);
  }
  await seconds(3);
  expect(calls).toEqual(['announce A 100', 'update 120', 'update 140', 'update 149']);
});

test('another name is another announcement; none is a goodbye, at once', async () => {
  const { announcer, calls, seconds } = openRig();
  announcer.set(advert('A', '1'));
  await seconds(3);
  announcer.set(advert('B', '1'));
  await seconds(0.1);
  announcer.set(undefined);
  await seconds(0.1);
  announcer.set(advert('B', '2'));
  await seconds(0.1);
  await announcer[Symbol.asyncDispose]();
  expect(calls).toEqual([
    'announce A 1',
    'withdraw A',
    'announce B 1',
    'withdraw B',
    'announce B 2',
    'withdraw B',
  ]);
});

test('without a network it keeps trying', async () => {
  const { announcer, calls, seconds, setWorks } = openRig();
  setWorks(false);
  announcer.set(advert('A', '1'));
  await seconds(12);
  expect(calls).toEqual([]);
  setWorks(true);
  await seconds(5);
  expect(calls).toEqual(['announce A 1']);
});

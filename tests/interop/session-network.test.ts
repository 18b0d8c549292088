/**
 * Whole boxes in a small internet of network namespaces: joining on one LAN, through NATs, through a relay, through the
 * control server; and coming back after the network went away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { whyNoNamespaces } from './net-namespaces.ts';
import { openSessionNet } from './session-net.ts';
import {
  openStage,
  recoverAfterCut,
  routeOf,
  type Stage,
  type StageKind,
} from './session-stage.ts';

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const missing = await whyNoNamespaces(['nft', 'sysctl', 'openssl', 'turnserver']);

function scenario(title: string, body: () => Promise<void>, seconds: number): void {
  test(title, { timeout: seconds * 1_000 }, async (context) => {
    if (missing !== undefined) return context.skip(missing);
    await body();
  });
}

/** Ada ends: no note of hers goes on. */
async function expectSilence({ ada, ben }: Stage): Promise<void> {
  ada.tell({ do: 'play', every: 0 });
  const sounding = async (): Promise<number> => (await ben.ask({ do: 'tell' }, 'state')).sounding;
  await expect.poll(sounding, { timeout: 3_000 }).toBe(0);
  await sleep(300);
  expect(await sounding()).toBe(0);
}

const JOINS: readonly (readonly [string, StageKind, string, number])[] = [
  ['on one LAN, found by mDNS', 'lan', 'local', 1_500],
  ['behind two NATs, directly', ['open', 'open'], 'direct', 3_000],
  ['behind two strict NATs, through the TURN server', ['strict', 'strict'], 'relayed', 4_000],
  ['where UDP is blocked, through the control server', ['open', 'blocked'], 'tunnelled', 8_000],
];
for (const [where, kind, route, limit] of JOINS) {
  scenario(
    `two boxes ${where}: the session is joined and notes are heard`,
    async () => {
      await using stage = await openStage(kind);
      const { heard } = await stage.join();
      expect(heard).toBeLessThan(limit);
      expect(await routeOf(stage.ben)).toBe(route);
      expect(await routeOf(stage.ada)).toBe(route);
      await expectSilence(stage);
    },
    90,
  );
}

scenario(
  'after a cut of one and of five seconds the next note comes within two, and none is stuck',
  async () => {
    await using stage = await openStage(['open', 'open']);
    await stage.join();
    for (const seconds of [1, 5]) {
      expect(await recoverAfterCut(stage, seconds)).toBeLessThan(2_000);
      await sleep(1_000);
    }
    await expectSilence(stage);
  },
  120,
);

scenario(
  'a box that gets another address is heard again within two seconds',
  async () => {
    await using stage = await openStage('lan');
    await stage.join();
    await sleep(1_000);
    const { ada } = stage.spaces;
    const silence = stage.ben.next('silence', 30);
    await ada.ip('addr', 'del', `${ada.address}/24`, 'dev', 'eth0');
    await sleep(1_000);
    const back = Date.now();
    await ada.ip('addr', 'add', '192.168.1.77/24', 'dev', 'eth0');
    await ada.ip('route', 'add', 'default', 'via', '192.168.1.1');
    expect((await silence).to - back).toBeLessThan(2_000);
  },
  90,
);

for (const who of ['ada', 'ben'] as const) {
  scenario(
    `a box that is killed (${who === 'ada' ? 'the one that plays' : 'the one that hears'}) leaves no note behind, and is back within two seconds of its return`,
    async () => {
      await using stage = await openStage('lan');
      await stage.join();
      stage.ada.tell({ do: 'send', octets: [0x90, 72, 100] });
      await sleep(300);
      await stage[who].process.end('SIGKILL');
      if (who === 'ada') {
        await sleep(7_000);
        expect((await stage.ben.ask({ do: 'tell' }, 'state')).sounding).toBe(0);
      }
      const player = await stage.restart(who);
      const back = Date.now();
      if (who === 'ada') {
        const silence = stage.ben.next('silence', 20);
        player.tell({ do: 'play', every: 20 });
        player.tell({ do: 'rejoin' });
        const { to } = await silence;
        expect(to - back).toBeLessThan(2_000);
      } else {
        const { after } = await player.ask({ do: 'rejoin' }, 'heard');
        expect(after).toBeLessThan(2_000);
      }
    },
    90,
  );
}

scenario(
  'togthr doctor says what kind of router stands between',
  async () => {
    await using net = await openSessionNet();
    await net.startServers();
    const { url, certificate } = net.server;
    const words = ['--control-server', url, '--control-certificate', certificate];
    const said: Record<string, string> = {};
    for (const kind of ['open', 'strict', 'blocked'] as const) {
      const box = await (await net.addHome(kind)).addBox(2);
      const folder = ['--data-dir', `${net.folder}/${kind}`, '--json'];
      const printed = await box.read(
        {},
        process.execPath,
        '--import',
        'tsx',
        CLI,
        'doctor',
        ...folder,
        ...words,
      );
      said[kind] = /"check": ?"nat",[^}]*"detail": ?"([^"]*)"/.exec(printed)?.[1] ?? printed;
    }
    expect(said['open']).toMatch(/directly.*seen as 203.0.113.11/);
    expect(said['strict']).toMatch(/TURN relay.*seen as 203.0.113.12/);
    expect(said['blocked']).toContain('no UDP');
  },
  120,
);

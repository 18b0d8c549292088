/**
 * Whole boxes in a small internet of network namespaces: joining on one LAN, through NATs, through a relay, through the
 * control server; and coming back after the network went away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whyNoNamespaces } from './net-namespaces.ts';
import type { RouterKind } from './session-net.ts';
import {
  openStage,
  recoverAfterCut,
  recoverAfterKill,
  recoverAfterMove,
  routeOf,
  type Stage,
} from './session-stage.ts';

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const missing = await whyNoNamespaces(['nft', 'sysctl', 'openssl', 'turnserver']);

function scenario(title: string, body: () => Promise<void>): void {
  test(title, { timeout: 90_000 }, async (context) => {
    if (missing !== undefined) return context.skip(missing);
    await body();
  });
}

/** Ada ends: no note of hers goes on. */
async function expectSilence({ ada, ben }: Stage): Promise<void> {
  ada.tell({ do: 'play', every: 0 });
  const sounding = async (): Promise<readonly number[]> =>
    (await ben.ask({ do: 'tell' }, 'state')).sounding;
  await expect.poll(sounding, { timeout: 3_000 }).toEqual([]);
  await sleep(300);
  expect(await sounding()).toEqual([]);
  ada.tell({ do: 'play', every: 20 });
}

// One after the other on the same boxes: to start them takes longer than anything that they do.
let lan: Stage;
let internet: Stage;

beforeAll(async () => {
  if (missing !== undefined) return;
  [lan, internet] = await Promise.all([openStage('lan'), openStage(['open', 'open'])]);
}, 120_000);

afterAll(async () => {
  await Promise.all([lan?.[Symbol.asyncDispose](), internet?.[Symbol.asyncDispose]()]);
}, 30_000);

/** For those scenarios that begin in a session, also when they run alone. */
async function together(stage: Stage): Promise<Stage> {
  if ((await routeOf(stage.ben)) === 'alone') await stage.join();
  return stage;
}

scenario(
  'two boxes on one LAN, found by mDNS: the session is joined and notes are heard',
  async () => {
    expect((await lan.join()).heard).toBeLessThan(1_500);
    expect([await routeOf(lan.ada), await routeOf(lan.ben)]).toEqual(['local', 'local']);
    await expectSilence(lan);
  },
);

const JOINS: readonly (readonly [string, readonly [RouterKind, RouterKind], string, number])[] = [
  ['behind two strict NATs, through the TURN server', ['strict', 'strict'], 'relayed', 4_000],
  ['where UDP is blocked, through the control server', ['open', 'blocked'], 'tunnelled', 4_000],
  ['behind two NATs, directly', ['open', 'open'], 'direct', 3_000],
];
for (const [where, kinds, route, limit] of JOINS) {
  scenario(`two boxes ${where}: the session is joined and notes are heard`, async () => {
    await internet.setRouters(kinds);
    expect((await internet.join()).heard).toBeLessThan(limit);
    // What was there first may be replaced by what is better.
    const routes = async (): Promise<readonly string[]> => [
      await routeOf(internet.ada),
      await routeOf(internet.ben),
    ];
    await expect.poll(routes, { timeout: 10_000 }).toEqual([route, route]);
    await expectSilence(internet);
    if (route !== 'direct') await internet.leave();
  });
}

scenario(
  'after a cut of one second the next note comes within two, none is stuck, and what was changed meanwhile is known',
  async () => {
    const { heard, merged, stuck } = await recoverAfterCut(await together(internet), 1, 'ada');
    expect(heard).toBeLessThan(2_000);
    expect(merged).toBeLessThan(3_000);
    expect(stuck).toEqual([]);
    await expectSilence(internet);
  },
);

scenario('a box that gets another address is heard again within two seconds', async () => {
  expect(await recoverAfterMove(await together(lan), '192.168.1.2', '192.168.1.77')).toBeLessThan(
    2_000,
  );
});

for (const who of ['ben', 'ada'] as const) {
  scenario(
    `a box that is killed (${who === 'ada' ? 'the one that plays' : 'the one that hears'}) leaves no note behind, and is back within two seconds of its return`,
    async () => {
      const { heard, stuck } = await recoverAfterKill(await together(lan), who);
      expect(heard).toBeLessThan(2_000);
      expect(stuck).toEqual([]);
    },
  );
}

scenario('togthr doctor says what kind of router stands between', async () => {
  const { net } = internet;
  const { url, certificate } = net.server;
  const words = ['--control-server', url, '--control-certificate', certificate];
  const diagnose = async (kind: RouterKind): Promise<string> => {
    const box = await (await net.addHome(kind)).addBox(2);
    const folder = ['--data-dir', `${net.folder}/${kind}`, '--json'];
    const program = [process.execPath, '--import', 'tsx', CLI] as const;
    const printed = await box.read({}, ...program, 'doctor', ...folder, ...words);
    return /"check": ?"nat",[^}]*"detail": ?"([^"]*)"/.exec(printed)?.[1] ?? printed;
  };
  const [open, strict, blocked] = await Promise.all(
    (['open', 'strict', 'blocked'] as const).map(diagnose),
  );
  expect(open).toMatch(/directly.*seen as 203.0.113.13/);
  expect(strict).toMatch(/TURN relay.*seen as 203.0.113.14/);
  expect(blocked).toContain('no UDP');
});

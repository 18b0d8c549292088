/** Two boxes in homes of their own, or in one, and what happens to them: for tests and for the bench of joining. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { introduce } from '../cli/introduce.ts';
import type { Namespace } from './net-namespaces.ts';
import { type Home, openSessionNet, type RouterKind, type SessionNet } from './session-net.ts';
import { type Player, startPlayer } from './session-player.ts';

/** `lan`: one home, no server. Else the routers of the two homes. */
export type StageKind = 'lan' | readonly [RouterKind, RouterKind];

export interface Stage extends AsyncDisposable {
  readonly net: SessionNet;
  readonly homes: readonly Home[];
  readonly folders: { readonly ada: string; readonly ben: string };
  readonly spaces: { readonly ada: Namespace; readonly ben: Namespace };
  /** Plays a note every 20 ms in the session that she made. */
  readonly ada: Player;
  readonly ben: Player;
  /** Ben joins, and hears Ada: milliseconds from click to session and to the first note. */
  join(): Promise<{ readonly joined: number; readonly heard: number }>;
  leave(): Promise<void>;
  /** Other routers from now on. */
  setRouters(kinds: readonly [RouterKind, RouterKind]): Promise<void>;
  /** Again, with the same data, after it was ended. */
  restart(who: 'ada' | 'ben'): Promise<Player>;
}

export const SESSION = 'Zwielicht-Probe';
export const NAMES = { ada: 'Adalgisa-Box', ben: 'Benvenuto-Box' } as const;
const EVERY = 20;
/** A key that is held when something happens. */
const HELD = 72;

export async function openStage(
  kind: StageKind,
  security: 'encrypted' | 'open' = 'encrypted',
): Promise<Stage> {
  const net = await openSessionNet();
  try {
    const [first, second] = kind === 'lan' ? (['open', 'open'] as const) : kind;
    const home = await net.addHome(first);
    const homes = kind === 'lan' ? [home] : [home, await net.addHome(second)];
    const spaces = { ada: await home.addBox(2), ben: await (homes[1] ?? home).addBox(3) };
    const folders = { ada: join(net.folder, 'ada'), ben: join(net.folder, 'ben') };
    if (kind === 'lan') await introduce({ [NAMES.ada]: folders.ada, [NAMES.ben]: folders.ben });
    else await net.startServers();
    const start = (who: 'ada' | 'ben'): Promise<Player> =>
      startPlayer(spaces[who], NAMES[who], folders[who], net.server, security);
    let [ada, ben] = await Promise.all([start('ada'), start('ben')]);
    if (kind !== 'lan') await Promise.all([online(ada), online(ben)]);
    await ada.ask({ do: 'create', session: SESSION }, 'created');
    ada.tell({ do: 'play', every: EVERY });
    const link = kind === 'lan' ? undefined : (await ada.ask({ do: 'invite' }, 'invitation')).link;
    return {
      net,
      homes,
      folders,
      spaces,
      get ada() {
        return ada;
      },
      get ben() {
        return ben;
      },
      async join() {
        const heard = ben.next('heard', 40);
        const command =
          link === undefined
            ? ({ do: 'join', session: SESSION } as const)
            : ({ do: 'open', link } as const);
        const [joined, first] = await Promise.all([ben.ask(command, 'joined', 40), heard]).catch(
          (failure: unknown) => {
            const said = [...ada.process.lines.slice(-20), ...net.said.slice(-10)].join('\n');
            throw new Error(`${String(failure)}\nthe other one and the servers said:\n${said}`);
          },
        );
        return { joined: joined.after, heard: first.after };
      },
      async leave() {
        ben.tell({ do: 'leave' });
        await sleep(500);
      },
      async setRouters(kinds) {
        for (const [number, kind] of kinds.entries()) await homes[number]?.setKind(kind);
      },
      async restart(who) {
        const player = await start(who);
        if (who === 'ada') ada = player;
        else ben = player;
        return player;
      },
      [Symbol.asyncDispose]: () => net[Symbol.asyncDispose](),
    };
  } catch (error) {
    await net[Symbol.asyncDispose]();
    throw error;
  }
}

async function online(player: Player): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await player.ask({ do: 'tell' }, 'state')).online === 'online') return;
    await sleep(100);
  }
  throw new Error('the control server was not reached');
}

/** How the other's notes get here. */
export async function routeOf(player: Player): Promise<string> {
  const { participants } = await player.ask({ do: 'tell' }, 'state');
  return participants.find(({ route }) => route !== 'self')?.route ?? 'alone';
}

export interface Recovery {
  /** Milliseconds from the end of the cut to the next note that was heard; 0: it was not missed. */
  readonly heard: number;
  /** Milliseconds from there until what one box changed during the cut was known to the other. */
  readonly merged: number;
  /** Keys that still sound at the listener's, though they were let go of during the cut. */
  readonly stuck: readonly number[];
}

/** Cuts the way for so many seconds. Meanwhile Ada lets go of a key, and `changes` sets another tempo. */
export async function recoverAfterCut(
  stage: Stage,
  seconds: number,
  changes: 'ada' | 'ben',
): Promise<Recovery> {
  const [home] = stage.homes;
  if (!home || stage.homes.length < 2) throw new Error('there is no router between');
  const { ada, ben } = stage;
  const bpm = (await tempoOf(ben)) === 97 ? 143 : 97;
  ada.tell({ do: 'send', octets: [0x90, HELD, 100] });
  await sleep(300);
  await home.cut();
  const silence = ben.next('silence', seconds + 30);
  ada.tell({ do: 'send', octets: [0x80, HELD, 0] });
  stage[changes].tell({ do: 'tempo', bpm });
  await sleep(seconds * 1_000);
  const healed = Date.now();
  await home.heal();
  const heard = Math.max(0, (await silence).to - healed);
  const [one, other] = [await mergedAt(ada, bpm), await mergedAt(ben, bpm)];
  await sleep(500);
  const { sounding } = await ben.ask({ do: 'tell' }, 'state');
  const stuck = sounding.filter((key) => key === HELD);
  return { heard, merged: Math.max(0, one - healed, other - healed), stuck };
}

/** The playing box gets another address, after a second without any; milliseconds from then to the next note. */
export async function recoverAfterMove(stage: Stage, from: string, to: string): Promise<number> {
  const { ada } = stage.spaces;
  // Over IPv6, whose link-local address stays, it would be back before it has its new IPv4 address.
  await ada.read({}, 'sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1');
  await sleep(1_500);
  const silence = stage.ben.next('silence', 30);
  await ada.ip('addr', 'del', `${from}/24`, 'dev', 'eth0');
  await sleep(1_000);
  const back = Date.now();
  await ada.ip('addr', 'add', `${to}/24`, 'dev', 'eth0');
  await ada.ip('route', 'add', 'default', 'via', '192.168.1.1');
  return Math.max(0, (await silence).to - back);
}

/** Kills one, holding a key, and starts it anew; milliseconds from its coming back to the next note, and what is stuck. */
export async function recoverAfterKill(
  stage: Stage,
  who: 'ada' | 'ben',
): Promise<{ readonly heard: number; readonly stuck: readonly number[] }> {
  stage.ada.tell({ do: 'send', octets: [0x90, HELD, 100] });
  await sleep(300);
  await stage[who].process.end('SIGKILL');
  const player = await stage.restart(who);
  if (who === 'ben') {
    const { after } = await player.ask({ do: 'rejoin' }, 'heard', 40);
    stage.ada.tell({ do: 'send', octets: [0x80, HELD, 0] });
    return { heard: after, stuck: [] };
  }
  const silence = stage.ben.next('silence', 40);
  const back = Date.now();
  player.tell({ do: 'play', every: EVERY });
  player.tell({ do: 'rejoin' });
  const heard = (await silence).to - back;
  await sleep(500);
  const { sounding } = await stage.ben.ask({ do: 'tell' }, 'state');
  return { heard, stuck: sounding.filter((key) => key === HELD) };
}

const tempoOf = async (player: Player): Promise<number> =>
  (await player.ask({ do: 'tell' }, 'state')).tempo;

/** When that box knew of that tempo. */
async function mergedAt(player: Player, bpm: number): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    if ((await tempoOf(player)) === bpm) return Date.now();
    await sleep(20);
  }
  throw new Error(`what was changed during the cut never got to the other box (${bpm} bpm)`);
}

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
  /** Again, with the same data, after it was ended. */
  restart(who: 'ada' | 'ben'): Promise<Player>;
}

export const SESSION = 'Zwielicht-Probe';
export const NAMES = { ada: 'Adalgisa-Box', ben: 'Benvenuto-Box' } as const;
const EVERY = 20;

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
        const joined = await ben.ask(command, 'joined', 40);
        return { joined: joined.after, heard: (await heard).after };
      },
      async leave() {
        ben.tell({ do: 'leave' });
        await sleep(500);
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

/** Cuts the way for so many seconds, and tells how many milliseconds after its end the next note was heard. */
export async function recoverAfterCut(stage: Stage, seconds: number): Promise<number> {
  const [home] = stage.homes;
  if (!home || stage.homes.length < 2) throw new Error('there is no router between');
  await home.cut();
  const silence = stage.ben.next('silence', seconds + 30);
  await sleep(seconds * 1_000);
  const healed = Date.now();
  await home.heal();
  return (await silence).to - healed;
}

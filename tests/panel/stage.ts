/**
 * Whole boxes with front panels on one virtual network, their links encrypted; hands that turn their knobs by what the
 * displays show, and by nothing else.
 */
import { type Box, openBox } from '../../runtime/compose.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { fromMillis, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import { loadIdentity } from '../../runtime/privacy/identity.ts';
import { checkSettings } from '../../runtime/settings/settings-schema.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { openVirtualNetwork, type VirtualNetwork } from '../../sim/network/virtual-network.ts';
import { openVirtualPeerConnections } from '../../sim/network/virtual-peer-connections.ts';
import { openSimPanel, type SimPanel } from '../../sim/panel-device.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import {
  openVirtualControlPlane,
  type VirtualControlPlane,
} from '../../sim/virtual-control-plane.ts';
import { openVirtualDiscovery } from '../../sim/virtual-discovery.ts';
import { showsText } from './find-text.ts';
import { type ScreenText, screenText } from './screen-text.ts';

export interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  run(by: Micros): Promise<void>;
  until(what: string, met: () => boolean, patience?: Micros): Promise<void>;
  /** A server that all boxes know, when the stage has one. */
  readonly server: VirtualControlPlane;
  /** A box that is switched on; of the same name again: the same box after a restart. */
  open(name: string, init?: PlayerInit): Promise<Player>;
}

export interface PlayerInit {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** It is in another house: no announcement gets there. */
  readonly elsewhere?: boolean;
  /** What it calls itself, when that is not its name on this stage. */
  readonly calls?: string;
}

/** One box, and whoever stands before it. */
export interface Player {
  readonly name: string;
  readonly box: Box;
  readonly panel: SimPanel;
  readonly address: string;
  readonly text: ScreenText;
  shows(text: string): boolean;
  /** Waits until it does. */
  sees(text: string): Promise<void>;
  turn(detents: number): Promise<void>;
  click(): Promise<void>;
  hold(millis?: number): Promise<void>;
  /** Turns to the row with that text and clicks it. */
  choose(text: string): Promise<void>;
  /** Enters six digits; does not send them yet. */
  enter(code: string): Promise<void>;
  switchOff(): Promise<void>;
}

export async function openStage(
  stage: { readonly seed?: number; readonly online?: boolean } = {},
): Promise<Stage> {
  const seed = stage.seed ?? 1;
  const clock = new VirtualClock();
  const randomness = seededRandomness(seed);
  const network = openVirtualNetwork({ clock, randomness, profile: 'lan' });
  const reachable = (from: string, to: string): boolean => network.reachable(from, to);
  const discovery = openVirtualDiscovery({ clock, reachable });
  const houses = new Map([[false, discovery]]);
  const server = openVirtualControlPlane({ clock, randomness: seededRandomness(`${seed}/server`) });
  const storages = new Map<string, ReturnType<typeof openMemoryStorage>>();
  const players: Player[] = [];
  let boots = 0;
  const run = (by: Micros): Promise<void> => clock.advanceSettling(by, fromMillis(5));
  const until = async (
    what: string,
    met: () => boolean,
    patience: Micros = fromSeconds(15),
  ): Promise<void> => {
    const end = clock.now() + patience;
    while (!met()) {
      if (clock.now() >= end) {
        const seen = players.map(({ name, text }) => `${name}: ${JSON.stringify(text)}`);
        throw new Error(
          `${what}: not within ${patience / 1e6} s (seed ${seed})\n${seen.join('\n')}`,
        );
      }
      await run(fromMillis(20));
    }
  };

  const open: Stage['open'] = async (name, init = {}) => {
    const { settings = {}, elsewhere = false, calls = name } = init;
    const held = new Teardown();
    const storage = storages.get(name) ?? openMemoryStorage();
    storages.set(name, storage);
    const address = `10.0.0.${[...storages.keys()].indexOf(name) + 1}`;
    const host = network.host(address);
    const own = seededRandomness(`${seed}/${name}/${++boots}`);
    const control = stage.online === true ? { server: 'https://jam.example.org' } : {};
    const checked = checkSettings({ control, ...settings, box: { name: calls } });
    if (!('settings' in checked)) throw new Error(JSON.stringify(checked.issues));
    const connections = openVirtualPeerConnections({ clock, randomness: own, host });
    const signatures = openNodeSignatures();
    const { box: id } = await loadIdentity({
      storage,
      randomness: own,
      signatures,
      log: silentLog,
    });
    const controlPlane = stage.online === true ? server.planeOf(id) : undefined;
    const house = houses.get(elsewhere) ?? openVirtualDiscovery({ clock, reachable });
    houses.set(elsewhere, house);
    const panel = held.hold(openSimPanel({ clock }));
    const box = held.hold(
      await openBox(
        {
          ...{ clock, wallClock: clock, storage, randomness: own, log: silentLog },
          datagrams: host.datagrams,
          ...{ signatures, controlPlane },
          peers: openSignalledNetwork({
            ...{ clock, randomness: own, streams: host.streams, connections, controlPlane },
          }),
          discovery: house.at(address),
          addresses: () => (host.connected ? [address] : []),
          frontPanel: panel,
        },
        { settings: checked.settings, version: '0.0.0-test' },
      ),
    );
    const player = atThePanel(name, address, box, panel, { run, until }, async () => {
      const closing = held[Symbol.asyncDispose]();
      let closed = false;
      void closing.finally(() => {
        closed = true;
      });
      for (let turn = 0; turn < 300 && !closed; turn++) await run(fromMillis(20));
      await closing;
      players.splice(players.indexOf(player), 1);
    });
    players.push(player);
    await run(fromMillis(500));
    return player;
  };

  return {
    clock,
    network,
    server,
    run,
    until,
    open,
    async [Symbol.asyncDispose]() {
      for (const player of [...players]) await player.switchOff();
    },
  };
}

function atThePanel(
  name: string,
  address: string,
  box: Box,
  panel: SimPanel,
  { run, until }: Pick<Stage, 'run' | 'until'>,
  switchOff: () => Promise<void>,
): Player {
  const { encoder, display } = panel;
  const turn = async (detents: number): Promise<void> => {
    for (let detent = 0; detent < Math.abs(detents); detent++) {
      encoder.turn(Math.sign(detents));
      await run(fromMillis(100));
    }
  };
  const press = async (millis: number): Promise<void> => {
    encoder.press();
    await run(fromMillis(millis));
    encoder.release();
    await run(fromMillis(400));
  };
  const shows = (text: string): boolean => showsText(display.frame, text);
  const chosenRow = (): string => {
    const { rows, chosen } = screenText(display.frame);
    return chosen === undefined ? '' : (rows[chosen] ?? '');
  };
  const choose = async (text: string): Promise<void> => {
    // Down to the end and back up: the list may change meanwhile.
    for (const direction of [1, -1]) {
      let before: string | undefined;
      for (let row = 0; row < 30; row++) {
        if (chosenRow().includes(text)) return press(60);
        if (chosenRow() === before) break;
        before = chosenRow();
        await turn(direction);
      }
    }
    throw new Error(`${name} is not offered ${text}: ${JSON.stringify(screenText(display.frame))}`);
  };
  return {
    ...{ name, box, panel, address, shows, turn, choose, switchOff },
    get text() {
      return screenText(display.frame);
    },
    sees: (text) => until(`${name} sees "${text}"`, () => shows(text)),
    click: () => press(60),
    hold: (millis = 600) => press(millis),
    async enter(code) {
      for (const digit of code) {
        await turn(Number(digit));
        await press(60);
      }
    },
  };
}

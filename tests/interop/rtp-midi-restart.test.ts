/** Whole processes that are killed without a word and started again, over the system's UDP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKnownPeers } from '../../runtime/box/known-peers.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { openFileStorage } from '../../runtime/platform/file-storage.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import { openRtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { type Running, running, togthr } from '../cli/program.ts';

const PLAYER = fileURLToPath(new URL('./fixtures/rtp-midi-player.ts', import.meta.url));
const HOST = '127.0.0.1';
/** From the moment that the one who was killed listens again. */
const MOST_MS = 2_000;
/** A process takes its time to start on a busy machine; that is no part of what is measured. */
const PATIENCE = { timeout: 30_000, interval: 10 };

interface Line {
  readonly what: 'ready' | 'joined' | 'left' | 'noteOn' | 'noteOff';
  /** SSRC or key. */
  readonly about: number;
  /** Milliseconds of the machine's monotonic clock. */
  readonly at: number;
  /** Keys of the other side that sound here. */
  readonly sounding: readonly number[];
}

class Player {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(words: readonly (string | number)[]) {
    const all = ['--import', 'tsx', PLAYER, ...words.map(String)];
    this.#child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#ended = new Promise((ended) => this.#child.on('close', () => ended()));
    let rest = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push(JSON.parse(line) as Line);
    });
  }

  async saw(what: Line['what'], about?: number): Promise<Line> {
    await expect.poll(() => this.find(what, about) !== undefined, PATIENCE).toBe(true);
    return this.find(what, about) as Line;
  }

  find(what: Line['what'], about?: number): Line | undefined {
    return this.lines.find(
      (line) => line.what === what && (about === undefined || line.about === about),
    );
  }

  get sounding(): readonly number[] {
    return this.lines.at(-1)?.sounding ?? [];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

let folder: string;
let players: Player[];
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rtp-midi-restart-'));
  players = [];
  port = await freePort();
});
afterEach(async () => {
  for (const player of players) await player.kill();
  rmSync(folder, { recursive: true });
});

/** Four ports in a row that nobody has. */
async function freePort(): Promise<number> {
  const network = openUdpNetwork({ clock: openMonotonicClock() });
  for (;;) {
    const first = 20_000 + 2 * (systemRandomness.uint32() % 6_000);
    try {
      for (let at = first; at < first + 4; at++)
        await (await network.bind({ host: HOST, port: at }))[Symbol.asyncDispose]();
      return first;
    } catch {
      // Somebody has one of them.
    }
  }
}

const INVITER = 60;
const INVITED = 72;

function start(key: number): Player {
  const words = key === INVITER ? [port, key, port + 2] : [port + 2, key];
  const player = new Player([join(folder, `${key}`), ...words]);
  players.push(player);
  return player;
}

/** The inviting one is started without being told again whom to dial. */
function restart(key: number): Player {
  const player = new Player([join(folder, `${key}`), key === INVITER ? port : port + 2, key]);
  players.push(player);
  return player;
}

/** A disk takes its time, too. */
async function remembers(directory: string): Promise<void> {
  const storage = await openFileStorage({ log: silentLog }, { directory });
  await expect.poll(async () => (await readKnownPeers(storage)).length, PATIENCE).toBe(1);
}

test.each([
  ['inviting', INVITER, INVITED],
  ['invited', INVITED, INVITER],
])(
  'the %s side is killed with a note held and started again: connected in under two seconds, nothing sounds on (items 40, 45)',
  async (_side, victimKey, survivorKey) => {
    start(INVITED);
    await players[0]?.saw('ready');
    start(INVITER);
    const [victim, survivor] =
      victimKey === INVITER ? [players[1], players[0]] : [players[0], players[1]];
    if (!victim || !survivor) throw new Error('both were started');
    await survivor.saw('noteOn', victimKey);
    await victim.saw('noteOn', survivorKey);
    await remembers(join(folder, `${victimKey}`));
    const before = survivor.lines.length;

    await victim.kill();
    const reborn = restart(victimKey);
    const { about: ssrc, at: readyAt } = await reborn.saw('ready');
    const { at: metAt } = await survivor.saw('joined', ssrc);
    const { at: metThereAt } = await reborn.saw('joined');
    expect(metAt - readyAt).toBeLessThan(MOST_MS);
    expect(metThereAt - readyAt).toBeLessThan(MOST_MS);
    // What its first life held has ended, and was heard to end; what its second one plays is heard.
    await expect.poll(() => survivor.lines.slice(before).some(isOn), PATIENCE).toBe(true);
    const since = survivor.lines.slice(before);
    expect(
      since.findIndex((line) => line.what === 'noteOff' && line.about === victimKey),
    ).toBeLessThan(since.findIndex(isOn));
    expect(survivor.sounding).toEqual([victimKey]);
    expect(since.filter(({ what }) => what === 'joined')).toHaveLength(1);

    // And then it is gone for good.
    await reborn.saw('noteOn', survivorKey);
    await reborn.kill();
    await expect.poll(() => survivor.sounding, PATIENCE).toEqual([]);

    function isOn(line: Line): boolean {
      return line.what === 'noteOn' && line.about === victimKey;
    }
  },
  120_000,
);

test('both are killed and started again, neither told whom to dial: connected in under two seconds (item 45)', async () => {
  start(INVITED);
  await players[0]?.saw('ready');
  start(INVITER);
  await players[0]?.saw('noteOn', INVITER);
  await players[1]?.saw('noteOn', INVITED);
  await remembers(join(folder, `${INVITER}`));
  for (const player of players) await player.kill();
  const [inviter, invited] = [restart(INVITER), restart(INVITED)];
  const ready = [await inviter.saw('ready'), await invited.saw('ready')];
  const both = Math.max(...ready.map(({ at }) => at));
  const [there, here] = [
    await invited.saw('joined', ready[0]?.about),
    await inviter.saw('joined', ready[1]?.about),
  ];
  expect(there.at - both).toBeLessThan(MOST_MS);
  expect(here.at - both).toBeLessThan(MOST_MS);
}, 120_000);

test('togthr run invites again, after it was killed, whom it was told to connect with; togthr peers forgets (item 45)', async () => {
  const clock = openMonotonicClock();
  await using studio = await openRtpMidiEndpoint(
    { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
    { name: 'studio', port, host: HOST },
  );
  const boxes: Running[] = [];
  const runBox = async (...words: string[]): Promise<Running> => {
    const own = ['--midi-in', 'file:/nonexistent', '--midi-out', 'file:/nonexistent'];
    const box = running([
      ...['run', '--alone', '--name', 'box', '--data-dir', folder, '--log-level', 'error'],
      ...[...own, '--rtp-port', String(port + 2), '--link-port', '0', '--no-status', ...words],
    ]);
    boxes.push(box);
    await box.says('box is running');
    return box;
  };
  try {
    const first = await runBox('--connect', `${HOST}:${port}`);
    await first.says(`RTP-MIDI peer studio at ${HOST}:${port} joined`);
    expect(studio.peers).toHaveLength(1);
    const before = studio.peers[0]?.ssrc;
    await remembers(folder);
    await first.stop('SIGKILL');

    const second = await runBox();
    const ready = performance.now();
    await expect
      .poll(() => studio.peers.some(({ ssrc }) => ssrc !== before), {
        timeout: 10_000,
        interval: 5,
      })
      .toBe(true);
    expect(performance.now() - ready).toBeLessThan(MOST_MS);
    await expect.poll(() => studio.peers.length, PATIENCE).toBe(1);
    await second.stop('SIGKILL');

    const listed = await togthr(['peers', '--data-dir', folder]);
    expect(listed.stdout).toContain('studio');
    const forgotten = ['peers', '--data-dir', folder, '--forget', `${HOST}:${port}`];
    expect((await togthr(forgotten)).stdout).toContain('No RTP-MIDI peers are remembered');
    const twice = await togthr(forgotten);
    expect(twice.status).not.toBe(0);
    expect(twice.stderr).toContain('is not remembered');
  } finally {
    for (const box of boxes) await box.stop('SIGKILL');
  }
}, 120_000);

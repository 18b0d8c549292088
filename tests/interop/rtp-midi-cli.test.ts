import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MidiData, writeMidi } from 'midi-file';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PORT = 44_000 + 2 * (process.pid % 2_000);
const PEER = `127.0.0.1:${PORT}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'togthr-rtp-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
  /** Resolves once this text was printed. */
  said(text: string): Promise<void>;
}

function togthr(...words: string[]): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...words], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let stdout = '';
  let stderr = '';
  const waiting: (() => void)[] = [];
  const note = (): void => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    note();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    note();
  });
  return {
    child,
    ended: new Promise((resolve) => {
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    }),
    said: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if ((stdout + stderr).includes(text)) resolve();
        };
        waiting.push(look);
        look();
      }),
  };
}

interface Line {
  readonly type: 'midi' | 'peer';
  readonly state?: string;
  readonly bytes?: string;
  readonly latencyMs?: number;
}

function smallPiece(): string {
  const note = (deltaTime: number, type: 'noteOn' | 'noteOff', noteNumber: number) =>
    ({ deltaTime, type, channel: 0, noteNumber, velocity: 80 }) as const;
  const piece: MidiData = {
    header: { format: 0, numTracks: 1, ticksPerBeat: 480 },
    tracks: [
      [
        { deltaTime: 0, meta: true, type: 'setTempo', microsecondsPerBeat: 200_000 },
        note(0, 'noteOn', 60),
        note(240, 'noteOff', 60),
        note(0, 'noteOn', 64),
        note(240, 'noteOff', 64),
        // Without its end: send has to make one.
        note(0, 'noteOn', 67),
        { deltaTime: 240, meta: true, type: 'endOfTrack' },
      ],
    ],
  };
  const path = join(folder, 'piece.mid');
  writeFileSync(path, Uint8Array.from(writeMidi(piece)));
  return path;
}

test('monitor prints what send plays: a note, then a file, each note ended', async () => {
  const monitor = togthr('monitor', '--listen', `${PORT}`, '--json');
  await monitor.said('listening');
  const one = await togthr(
    'send',
    '--connect',
    PEER,
    '--note',
    '61',
    '--channel',
    '2',
    '--duration',
    '60',
  ).ended;
  expect(one).toMatchObject({ status: 0 });
  const file = await togthr('send', '--connect', PEER, '--file', smallPiece(), '--json').ended;
  expect(file).toMatchObject({ status: 0 });
  expect(JSON.parse(file.stdout)).toMatchObject({ messages: 6, notes: 3, loss: 0 });
  monitor.child.kill('SIGINT');
  const { status, stdout } = await monitor.ended;
  expect(status).toBe(0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines.map((line) => line.bytes ?? line.state)).toEqual([
    'joined',
    '913d64',
    '813d40',
    'left',
    'joined',
    '903c50',
    '803c50',
    '904050',
    '804050',
    '904350',
    '804340',
    'left',
  ]);
  for (const { latencyMs } of lines) expect(Math.abs(latencyMs ?? 0)).toBeLessThan(1_000);
});

test.each([
  ['a corrupt file', 2, 'not a playable MIDI file', () => ['--file', corrupt()]],
  ['a file that is not there', 2, "can't read", () => ['--file', '/nonexistent.mid']],
  ['nothing to send', 2, '--file FILE.mid or --note KEY', () => []],
  ['a key out of range', 2, '--note 128', () => ['--note', '128']],
  ['a peer that does not answer', 1, 'no answer from', () => ['--note', '60', '--wait', '1']],
])('send says what is wrong with %s', async (_what, status, words, options) => {
  const ended = await togthr('send', '--connect', `127.0.0.1:${PORT + 2}`, ...options()).ended;
  expect(ended.stderr).toContain(words);
  expect(ended.stderr).toMatch(/^togthr: .+$/m);
  expect(ended.status).toBe(status);
});

test('monitor without a peer or a port is told what it needs', async () => {
  const ended = await togthr('monitor').ended;
  expect(ended.stderr).toContain('--connect PEER or --listen PORT');
  expect(ended.status).toBe(2);
});

function corrupt(): string {
  const path = join(folder, 'corrupt.mid');
  writeFileSync(path, Buffer.from('4d546864000000060000000101e04d54726b0000ffff00ff', 'hex'));
  return path;
}

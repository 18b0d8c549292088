/**
 * Two network namespaces joined by a virtual cable, and processes inside them. Linux, root and iproute2 only.
 * Ends only what it started, and deletes only the namespaces that it made.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { waitUntil } from '../platform/real-rig.ts';

const run = promisify(execFile);

/** Why this machine cannot do it; undefined when it can. */
export async function whyNoNamespaces(tools: readonly string[]): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'making network namespaces takes root';
  for (const tool of ['ip', ...tools]) {
    try {
      await run('sh', ['-c', 'command -v "$0"', tool], { env: TOOLS });
    } catch {
      return `${tool} is not installed`;
    }
  }
  const name = `jt-${randomBytes(3).toString('hex')}`;
  try {
    await addNamespace(name);
    await run('ip', ['netns', 'delete', name]);
  } catch {
    return 'this system refuses to make network namespaces';
  }
  return undefined;
}

/** Two that are made at once may be in each other's way: iproute2 mounts /run/netns anew with each (EBUSY, EINVAL). */
async function addNamespace(name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await run('ip', ['netns', 'add', name]);
      return;
    } catch (failure) {
      if (tries === 5) throw failure;
      // What was half made is in the way of the next try.
      await run('ip', ['netns', 'delete', name]).catch(() => {});
      await sleep(100 * tries);
    }
  }
}

const TOOLS = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

export interface Running {
  /** The lines that it has written so far, to stdout and stderr. */
  readonly lines: readonly string[];
  readonly ended: boolean;
  write(line: string): void;
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface Namespace {
  readonly name: string;
  readonly interface: string;
  readonly address: string;
  ip(...words: string[]): Promise<void>;
  /** Runs a program to its end and gives what it wrote; a failing one gives that too. */
  read(env: Record<string, string>, program: string, ...words: string[]): Promise<string>;
  start(env: Record<string, string>, program: string, ...words: string[]): Running;
}

export interface NamespacePair extends AsyncDisposable {
  readonly here: Namespace;
  readonly there: Namespace;
}

/** A namespace with nothing but loopback; `teardown` ends what runs in it and deletes it. */
export async function makeNamespace(
  teardown: Teardown,
  name: string,
  facts: { readonly interface: string; readonly address: string },
): Promise<Namespace> {
  await addNamespace(name);
  teardown.defer(async () => void (await run('ip', ['netns', 'delete', name])));
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const inside = ['netns', 'exec', name];
  return {
    name,
    ...facts,
    ip: async (...words) => void (await run('ip', ['-n', name, ...words])),
    async read(env, program, ...words) {
      const options = { env: { ...TOOLS, ...env }, timeout: 60_000 };
      try {
        return (await run('ip', [...inside, program, ...words], options)).stdout;
      } catch (error) {
        return String(error);
      }
    },
    start(env, program, ...words) {
      const child = spawn('ip', [...inside, program, ...words], { env: { ...TOOLS, ...env } });
      const running = follow(child);
      teardown.defer(() => running.end());
      return running;
    },
  };
}

export async function openNamespaces(): Promise<NamespacePair> {
  const teardown = new Teardown();
  const tag = randomBytes(3).toString('hex');
  const make = (side: 'a' | 'b', address: string): Promise<Namespace> =>
    makeNamespace(teardown, `jt-${tag}-${side}`, { interface: `v${tag}${side}`, address });
  try {
    const here = await make('a', '10.77.0.1');
    const there = await make('b', '10.77.0.2');
    const [a, b] = [here.interface, there.interface];
    await here.ip('link', 'add', a, 'type', 'veth', 'peer', 'name', b, 'netns', there.name);
    for (const side of [here, there]) {
      await side.ip('addr', 'add', `${side.address}/24`, 'dev', side.interface);
      await side.ip('link', 'set', side.interface, 'up');
      await side.ip('route', 'add', 'default', 'dev', side.interface);
    }
    return { here, there, [Symbol.asyncDispose]: () => teardown[Symbol.asyncDispose]() };
  } catch (error) {
    await teardown[Symbol.asyncDispose]();
    throw error;
  }
}

function follow(child: ChildProcess): Running {
  const lines: string[] = [];
  let ended = false;
  child.on('error', () => {
    ended = true;
  });
  child.on('exit', (code, signal) => {
    lines.push(`ended: ${signal ?? code}`);
    ended = true;
  });
  // What has ended meanwhile can't be written to, and need not be.
  child.stdin?.on('error', () => {});
  for (const output of [child.stdout, child.stderr]) {
    if (output) createInterface({ input: output }).on('line', (line) => void lines.push(line));
  }
  return {
    lines,
    get ended() {
      return ended;
    },
    write: (line) => void child.stdin?.write(`${line}\n`),
    async end(signal = 'SIGTERM') {
      if (ended) return;
      child.kill(signal);
      await waitUntil(() => ended, 3).catch(() => child.kill('SIGKILL'));
      await waitUntil(() => ended, 3);
    },
  };
}

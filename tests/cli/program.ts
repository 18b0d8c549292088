import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILT = `${ROOT}build/cli/main.js`;
const FROM_SOURCE = ['--import', 'tsx'];
/** A program that hangs is a failed test, not a process left behind. */
const MOST_MS = 25_000;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  /** Sends a signal once `text` has been printed on stdout. */
  interruptAfter(text: string, signal: NodeJS.Signals): Promise<void>;
  readonly outcome: Promise<Outcome>;
}

/** Runs togthr as a user would: the built program, or its source when there is no build. */
export function togthr(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const entry = existsSync(BUILT) ? [BUILT] : [...FROM_SOURCE, `${ROOT}cli/main.ts`];
  return start([...entry, ...words], environment).outcome;
}

/** Runs a script of fixtures/. */
export function fixture(name: string, words: readonly string[] = []): Started {
  return start([...FROM_SOURCE, `${ROOT}tests/cli/fixtures/${name}`, ...words], {});
}

/** Settings of whoever runs the tests are kept out. */
function start(words: readonly string[], environment: Readonly<Record<string, string>>): Started {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOGTHR_'));
  const child = spawn(process.execPath, words, {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), XDG_CONFIG_HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MOST_MS,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    interruptAfter: (text, signal) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!stdout.includes(text)) return;
          child.stdout.off('data', look);
          child.kill(signal);
          resolve();
        };
        child.stdout.on('data', look);
        look();
      }),
    outcome: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    }),
  };
}

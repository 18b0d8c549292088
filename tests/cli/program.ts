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
  /** Resolves once `text` stands on stdout. */
  printed(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs togthr as a user would: the built program, or its source when there is no build. */
export function togthr(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const entry = existsSync(BUILT) ? [BUILT] : [...FROM_SOURCE, `${ROOT}cli/main.ts`];
  return start([...entry, ...words], environment).outcome;
}

/** A program that goes on until it is stopped. */
export interface Running {
  /** Resolves once `text` stands on stdout; rejects with all that was said when the program ends or says nothing of it. */
  says(text: string): Promise<void>;
  /** Harmless when it has ended. */
  stop(signal: NodeJS.Signals): Promise<Outcome>;
}

export function running(words: readonly string[]): Running {
  const entry = existsSync(BUILT) ? [BUILT] : [...FROM_SOURCE, `${ROOT}cli/main.ts`];
  const started = start([...entry, ...words], {});
  return {
    async says(text) {
      const ended = started.outcome.then(({ status, stdout, stderr }) => {
        throw new Error(`ended with ${status} and not "${text}": ${stdout}${stderr}`);
      });
      await Promise.race([started.printed(text), ended]);
    },
    async stop(signal) {
      started.kill(signal);
      return started.outcome;
    },
  };
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
  const printed = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!stdout.includes(text)) return;
        child.stdout.off('data', look);
        resolve();
      };
      child.stdout.on('data', look);
      look();
    });
  return {
    printed,
    kill: (signal) => {
      child.kill(signal);
    },
    async interruptAfter(text, signal) {
      await printed(text);
      child.kill(signal);
    },
    outcome: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    }),
  };
}

/**
 * How a command fails: one line on stderr, and an exit status that scripts can rely on.
 *
 * Takes  a commander program and the arguments after `togthr`.
 * Gives  exit status 0 (done), 1 (it failed) or 2 (wrong usage, or an input that can't be used).
 * Keeps  nothing. Stacks are shown only for bugs of ours, and only with --debug or TOGTHR_DEBUG.
 */
import { type Command, CommanderError } from 'commander';
import { PortError } from '../runtime/core/errors.ts';

/** A command could not do what was asked. `message` says what happened and, after a semicolon, what to do. */
export class CommandError extends Error {
  readonly status: 1 | 2;

  constructor(message: string, options?: ErrorOptions & { readonly status?: 1 | 2 }) {
    super(message, options);
    this.name = 'CommandError';
    this.status = options?.status ?? 1;
  }
}

/** What was typed, or a file that was named, can't be used. */
export class UsageError extends CommandError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, status: 2 });
    this.name = 'UsageError';
  }
}

/** Commander's ways to say that help or the version was asked for and has been shown. */
const SHOWN: ReadonlySet<string> = new Set(['commander.helpDisplayed', 'commander.version']);

/** Runs `program` with `argv` (what was typed after `togthr`) and resolves with the exit status; never rejects. */
export async function runCli(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (failure) {
    if (failure instanceof CommanderError && SHOWN.has(failure.code)) return 0;
    // A command is missing, and the help that lists them has been shown.
    if (failure instanceof CommanderError && failure.code === 'commander.help') return 2;
    const { status, line } = explainFailure(failure);
    process.stderr.write(`togthr: ${line}\n`);
    if (isBug(failure) && isDebugging(argv)) process.stderr.write(`${stackOf(failure)}\n`);
    return status;
  }
}

/** What to print after `togthr: `, and the exit status. */
export function explainFailure(failure: unknown): {
  readonly status: 1 | 2;
  readonly line: string;
} {
  if (failure instanceof CommandError) return { status: failure.status, line: failure.message };
  if (failure instanceof PortError)
    return { status: failure.code === 'invalid' ? 2 : 1, line: oneLine(failure.message) };
  if (failure instanceof CommanderError) return { status: 2, line: usageLine(failure.message) };
  return {
    status: 1,
    line: `unexpected: ${oneLine(failure instanceof Error ? failure.message : String(failure))}; this is a bug of ours, please report it with what --debug adds`,
  };
}

/** Neither the user nor the world: an exception that nobody expected. */
function isBug(failure: unknown): boolean {
  return !(
    failure instanceof CommandError ||
    failure instanceof PortError ||
    failure instanceof CommanderError
  );
}

export function isDebugging(argv: readonly string[] = process.argv): boolean {
  return argv.includes('--debug') || (process.env['TOGTHR_DEBUG'] ?? '') !== '';
}

export function stackOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const cause = failure.cause === undefined ? '' : `\ncaused by ${stackOf(failure.cause)}`;
  return `${failure.stack ?? failure.message}${cause}`;
}

/** "error: unknown option '--prot'\n(Did you mean --port?)" as one line in our form. */
function usageLine(message: string): string {
  const plain = oneLine(message.replace(/^error: /, ''));
  const meant = /^(.*?) ?\(Did you mean (.*?)\?\)$/.exec(plain);
  return meant
    ? `${meant[1]}; did you mean ${meant[2]}?`
    : `${plain}${plain.includes(';') ? '' : '; see --help'}`;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}

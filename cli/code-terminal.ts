/**
 * First contact on a terminal: the code that this box shows as host, and the one that it is asked for when joining.
 *
 * Takes  the flow into sessions, and lines from whoever is at stdin: a person, or a script.
 * Gives  lines for people; answers. Where nobody is, the join is given up, with what to do.
 */
import { createInterface, type Interface } from 'node:readline';
import type { SessionFlow } from '../runtime/box/session-flow.ts';
import { elapsed, type Instant, toSeconds } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { SessionManager } from '../runtime/session/session.ts';

/** The lines of a stream, asked for one by one. */
export interface LineReader extends Disposable {
  /** Undefined: the input has ended, nobody is there. Rejects with the signal's reason. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
}

export function openLineReader(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): LineReader {
  const lines: string[] = [];
  let reading: Interface | undefined;
  let ended = false;
  let wake = (): void => {};
  // Not before there is a question: a box that is asked nothing leaves its input alone.
  const open = (): void => {
    if (reading) return;
    reading = createInterface({ input, output, terminal: isTerminal(input) });
    reading.on('line', (line) => {
      lines.push(line);
      wake();
    });
    reading.once('close', () => {
      ended = true;
      wake();
    });
    // Readline takes Ctrl-C from a terminal: it is to end the program as it does everywhere.
    reading.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  };
  return {
    async ask(question, signal) {
      open();
      output.write(question);
      const aborted = (): void => wake();
      signal.addEventListener('abort', aborted, { once: true });
      try {
        while (lines.length === 0 && !ended && !signal.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        signal.removeEventListener('abort', aborted);
      }
      signal.throwIfAborted();
      return lines.shift();
    },
    [Symbol.dispose]() {
      reading?.close();
    },
  };
}

const isTerminal = (input: NodeJS.ReadableStream): boolean =>
  'isTTY' in input && input.isTTY === true;

/** Six digits, with whatever people put between them; undefined: it is something else. */
export function readCode(text: string): string | undefined {
  const digits = text.replaceAll(/[\s.-]/g, '');
  return /^\d{6}$/.test(digits) ? digits : undefined;
}

/** Prints the code whenever somebody wants in. */
export function showCodes(
  deps: { readonly clock: Clock; readonly session: Pick<SessionManager, 'code' | 'onCode'> },
  print: (line: string) => void,
): Disposable {
  const { clock, session } = deps;
  let shown = session.code;
  const tell = (): void => {
    const { code } = session;
    const before = shown;
    shown = code;
    if (code === undefined) return;
    const { guest, triesLeft } = code;
    if (before?.code === code.code && before.guest === guest) {
      if (before.triesLeft !== triesLeft)
        print(`Wrong code from ${guest}: ${tries(triesLeft)} left.`);
      return;
    }
    const digits = `${code.code.slice(0, 3)} ${code.code.slice(3)}`;
    const left = inSeconds(clock.now(), code.expiresAt);
    print(`${guest} wants to join. Tell them the code ${digits} (${tries(triesLeft)}, ${left}).`);
  };
  return session.onCode(tell);
}

/** Answers what hosts ask for, by asking whoever is there. */
export function answerCodes(
  deps: { readonly clock: Clock; readonly flow: SessionFlow; readonly reader: LineReader },
  print: (line: string) => void,
): Disposable {
  const { clock, flow, reader } = deps;
  let question = flow.asked;
  let asking = new AbortController();

  const answer = async (
    { host, triesLeft, expiresAt, wrong }: NonNullable<typeof question>,
    signal: AbortSignal,
  ): Promise<void> => {
    if (wrong) print('That code was wrong.');
    for (;;) {
      const left = `${tries(triesLeft)}, ${inSeconds(clock.now(), expiresAt)}`;
      const line = await reader.ask(`Code that ${host} shows (${left}): `, signal);
      if (line === undefined) {
        print(`${host} shows a code, and nobody is here to enter it: join at a terminal.`);
        flow.cancel();
        return;
      }
      const code = readCode(line);
      if (code !== undefined) {
        flow.enterCode(code);
        return;
      }
      print('It has six digits.');
    }
  };

  const follow = (): void => {
    const { asked } = flow;
    if (asked === question) return;
    question = asked;
    asking.abort();
    asking = new AbortController();
    if (asked === undefined) return;
    if (asked.nameKnown && !asked.wrong) {
      print(`Careful: this is not the ${asked.host} you know; it has another key.`);
    }
    // Rejects when the question is withdrawn: then there is nothing to answer.
    answer(asked, asking.signal).catch(() => {});
  };
  const following = flow.onChange(follow);
  return {
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      asking.abort();
    },
  };
}

const tries = (count: number): string => (count === 1 ? '1 try' : `${count} tries`);
const inSeconds = (now: Instant, end: Instant): string =>
  `${Math.max(0, Math.round(toSeconds(elapsed(now, end))))} s`;

/**
 * First contact on a terminal: the code that this box shows as host, and the one that it is asked for when joining.
 *
 * Takes  the flow into sessions, a code given beforehand (scripts), a terminal to ask on where there is one.
 * Gives  lines for people; answers. Without a code and without a person the join is given up, with what to do.
 */
import { createInterface } from 'node:readline/promises';
import type { SessionFlow } from '../runtime/box/session-flow.ts';
import { elapsed, type Instant, toSeconds } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { SessionManager } from '../runtime/session/session.ts';

export interface CodeTerminal {
  readonly print: (line: string) => void;
  /** Asks a person for a line; undefined: nobody is there. Rejects when the signal is aborted. */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<string>) | undefined;
}

/** Stdin and stdout, where both are a terminal. */
export function openCodeTerminal(print: (line: string) => void): CodeTerminal {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return { print, ask: undefined };
  return {
    print,
    async ask(question, signal) {
      const lines = createInterface({ input: stdin, output: stdout });
      // Readline takes Ctrl-C from the terminal: it is to end the program as it does everywhere.
      lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      try {
        return await lines.question(question, { signal });
      } finally {
        lines.close();
      }
    },
  };
}

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

/** Answers what hosts ask for: with `given` first, then by asking the person at the terminal. */
export function answerCodes(
  deps: { readonly clock: Clock; readonly flow: SessionFlow },
  terminal: CodeTerminal,
  given: string | undefined,
): Disposable {
  const { clock, flow } = deps;
  const { print, ask } = terminal;
  let question = flow.asked;
  let asking = new AbortController();
  let ready = given;

  const askPerson = async (asked: NonNullable<typeof question>, signal: AbortSignal) => {
    if (ask === undefined) {
      print(`${asked.host} shows a code; give it with --code, or join at a terminal.`);
      flow.cancel();
      return;
    }
    const left = `${tries(asked.triesLeft)}, ${inSeconds(clock.now(), asked.expiresAt)}`;
    if (asked.wrong) print('That code was wrong.');
    for (;;) {
      const line = await ask(`Code that ${asked.host} shows (${left}): `, signal);
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
    if (asked.nameKnown) {
      print(`Careful: this is not the ${asked.host} you know; it has another key.`);
    }
    if (ready !== undefined) {
      const code = ready;
      ready = undefined; // a code is good for one try
      flow.enterCode(code);
      return;
    }
    // Rejects when the question is withdrawn: then there is nothing to answer.
    askPerson(asked, asking.signal).catch(() => {});
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

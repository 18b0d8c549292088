import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { SessionFlow } from '../runtime/box/session-flow.ts';
import { Listeners } from '../runtime/core/listeners.ts';
import { after, fromSeconds } from '../runtime/core/time.ts';
import type { PanelCodeAsked } from '../runtime/panel/joining-model.ts';
import type { ShownCode } from '../runtime/session/session.ts';
import { settle, VirtualClock } from '../sim/virtual-clock.ts';
import {
  answerCodes,
  type LineReader,
  openLineReader,
  readCode,
  showCodes,
} from './code-terminal.ts';

function open(answers: readonly string[], ended = false) {
  const clock = new VirtualClock();
  const changes = new Listeners<[]>();
  const entered: string[] = [];
  const printed: string[] = [];
  const questions: string[] = [];
  const left = [...answers];
  const flow = {
    asked: undefined as PanelCodeAsked | undefined,
    onChange: (listener: () => void) => changes.add(listener),
    enterCode: (code: string) => entered.push(code),
    cancel: () => entered.push('cancelled'),
  };
  const reader: LineReader = {
    ask(question, signal) {
      questions.push(question);
      const next = left.shift();
      if (next !== undefined || ended) return Promise.resolve(next);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    },
    [Symbol.dispose]() {},
  };
  const deps = { clock, flow: flow as unknown as SessionFlow, reader };
  answerCodes(deps, (line) => void printed.push(line));
  const change = (asked: Partial<PanelCodeAsked> | undefined): Promise<void> => {
    flow.asked =
      asked === undefined
        ? undefined
        : {
            ...{ host: 'Inês', triesLeft: 3, wrong: false, nameKnown: false },
            expiresAt: after(clock.now(), fromSeconds(120)),
            ...asked,
          };
    changes.emit();
    return settle();
  };
  return { change, entered, printed, questions };
}

test('a person at the terminal is asked until there are six digits', async () => {
  const { change, entered, printed, questions } = open(['48 29', '482-913']);
  await change({});
  expect(questions[0]).toBe('Code that Inês shows (3 tries, 120 s): ');
  expect(printed).toEqual(['It has six digits.']);
  expect(entered).toEqual(['482913']);
});

test('after a wrong code the next one is asked for', async () => {
  const { change, entered, printed } = open(['111111', '222 222']);
  await change({});
  await change({ wrong: true, triesLeft: 2 });
  expect(entered).toEqual(['111111', '222222']);
  expect(printed).toEqual(['That code was wrong.']);
});

test('where nobody is, the join is given up and told how it is done', async () => {
  const { change, entered, printed } = open([], true);
  await change({});
  expect(entered).toEqual(['cancelled']);
  expect(printed[0]).toContain('join at a terminal');
});

test('a box that calls itself like a known one is warned of', async () => {
  const { change, printed } = open(['111111']);
  await change({ nameKnown: true });
  expect(printed[0]).toContain('not the Inês you know');
});

test('a question that is withdrawn is not waited for', async () => {
  const { change, entered, questions } = open([]);
  await change({});
  await change(undefined);
  await change({ triesLeft: 1 });
  expect(questions.at(-1)).toContain('1 try');
  expect(entered).toEqual([]);
});

test('codes are read with whatever people put between the digits', () => {
  expect(readCode(' 482 913 ')).toBe('482913');
  expect(readCode('482-913')).toBe('482913');
  for (const text of ['', '48291', '4829133', 'abcdef', '４８２９１３']) {
    expect(readCode(text)).toBeUndefined();
  }
});

test('the host prints who wants in, the code in threes, and wrong tries', () => {
  const clock = new VirtualClock();
  const codes = new Listeners<[shown: ShownCode | undefined]>();
  const printed: string[] = [];
  const session = {
    code: undefined as ShownCode | undefined,
    onCode: (listener: (shown: ShownCode | undefined) => void) => codes.add(listener),
  };
  showCodes({ clock, session }, (line) => printed.push(line));
  const show = (code: ShownCode | undefined): void => {
    session.code = code;
    codes.emit(code);
  };
  const expiresAt = after(clock.now(), fromSeconds(120));
  const code = { code: '482913', guest: 'Anna', triesLeft: 3, expiresAt };
  show(code);
  show({ ...code, triesLeft: 2 });
  show(undefined);
  show({ ...code, guest: 'Zoë' });
  expect(printed).toEqual([
    'Anna wants to join. Tell them the code 482 913 (3 tries, 120 s).',
    'Wrong code from Anna: 2 tries left.',
    'Zoë wants to join. Tell them the code 482 913 (3 tries, 120 s).',
  ]);
});

test('lines are read one by one, until the input ends', async () => {
  const input = new PassThrough();
  using reader = openLineReader(input, new PassThrough());
  const { signal } = new AbortController();
  input.write('one\ntwo\n');
  expect(await reader.ask('? ', signal)).toBe('one');
  expect(await reader.ask('? ', signal), 'what came before it was asked for').toBe('two');
  input.end();
  expect(await reader.ask('? ', signal)).toBeUndefined();
});

test('a question that is given up leaves the next line to the next question', async () => {
  const input = new PassThrough();
  using reader = openLineReader(input, new PassThrough());
  const first = new AbortController();
  const asked = reader.ask('? ', first.signal);
  first.abort();
  await expect(asked).rejects.toBe(first.signal.reason);
  const again = reader.ask('? ', new AbortController().signal);
  input.write('late\n');
  expect(await again).toBe('late');
});

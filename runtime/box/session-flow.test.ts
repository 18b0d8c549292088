import { describe, expect, test } from 'vitest';
import { settle, VirtualClock } from '../../sim/virtual-clock.ts';
import type { SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { JoinFailure } from '../core/join-failure.ts';
import { after, fromSeconds } from '../core/time.ts';
import type { CodePrompt, CodeQuestion } from '../session/session.ts';
import { openSessionFlow, type SessionFlow } from './session-flow.ts';

const TARGET = {
  session: '1'.repeat(32) as SessionId,
  name: 'Sunday jam',
  addresses: ['10.0.0.1'],
  port: 5006,
};
const QUESTION: CodeQuestion = {
  host: 'Inês',
  triesLeft: 3,
  expiresIn: fromSeconds(120),
  wrong: false,
  nameKnown: false,
};

/** A session room that does what the test says when it is asked to join. */
interface Rig {
  readonly clock: VirtualClock;
  readonly flow: SessionFlow;
  readonly troubles: unknown[];
  readonly wishes: string[];
  join: (signal: AbortSignal, enterCode: CodePrompt) => Promise<void>;
  online: boolean;
}

function open(): Rig {
  const clock = new VirtualClock();
  const wishes: string[] = [];
  const troubles: unknown[] = [];
  const nobody: CodePrompt = () => Promise.reject(new Error('no prompt was given'));
  const rig = {
    ...{ clock, wishes, troubles, online: true },
    join: async (): Promise<void> => {},
  } as unknown as Rig & { flow: SessionFlow };
  const attempt = (what: string, signal: AbortSignal, prompt: CodePrompt = nobody) => {
    wishes.push(what);
    return rig.join(signal, prompt);
  };
  rig.flow = openSessionFlow({
    clock,
    isOnline: () => rig.online,
    session: {
      context: undefined,
      last: { name: 'Sunday jam', session: TARGET.session },
      create: async (name) => void wishes.push(`create ${name}`),
      leave: async () => void wishes.push('leave'),
      join: ({ name }, signal, prompt) => attempt(`join ${name}`, signal, prompt),
      rejoinLast: (signal, prompt) => attempt('rejoin', signal, prompt),
      openInvitation: (link, signal, prompt) => attempt(`open ${link}`, signal, prompt),
    },
  });
  rig.flow.onTrouble((failure) => troubles.push(failure));
  return rig;
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

describe('the code that a host asks for', () => {
  test('is asked with its time limit, answered, and asked again when it was wrong', async () => {
    const rig = open();
    const given: string[] = [];
    rig.join = async (signal, enterCode) => {
      given.push(await enterCode(QUESTION, signal));
      given.push(await enterCode({ ...QUESTION, wrong: true, triesLeft: 2 }, signal));
    };
    const joined = rig.flow.join(TARGET);
    await settle();
    const first = rig.flow.asked;
    expect(first).toEqual({
      ...{ host: 'Inês', triesLeft: 3, wrong: false, nameKnown: false },
      expiresAt: after(rig.clock.now(), fromSeconds(120)),
    });
    rig.flow.enterCode('482913');
    rig.flow.enterCode('999999');
    expect(rig.flow.asked, 'the question stays while the host looks').toBe(first);
    await settle();
    expect(rig.flow.asked).toMatchObject({ wrong: true, triesLeft: 2 });
    rig.flow.enterCode('111111');
    expect(await joined).toEqual({ kind: 'done' });
    expect(given).toEqual(['482913', '111111']);
    expect(rig.flow.asked).toBeUndefined();
    expect(rig.flow.waiting).toBeUndefined();
  });

  test('is asked no more once the player gave up, and a late answer goes nowhere', async () => {
    const rig = open();
    let aborted = false;
    rig.join = async (signal, enterCode) => {
      await enterCode(QUESTION, signal).catch((reason: unknown) => {
        aborted = true;
        throw reason;
      });
    };
    const joined = rig.flow.join(TARGET);
    await settle();
    rig.flow.cancel();
    expect(rig.flow.asked).toBeUndefined();
    rig.flow.enterCode('482913');
    expect(await joined).toEqual({ kind: 'cancelled' });
    expect(aborted).toBe(true);
    expect(rig.flow.failure, 'who gives up has not failed').toBeUndefined();
  });

  test('is asked no more when the room withdraws the question', async () => {
    const rig = open();
    const question = new AbortController();
    rig.join = async (_signal, enterCode) => {
      await enterCode(QUESTION, question.signal).catch(() => {});
      throw new JoinFailure('codeExpired', 'nobody entered the code in time', { who: 'Inês' });
    };
    const joined = rig.flow.join(TARGET);
    await settle();
    question.abort();
    expect((await joined).kind).toBe('failed');
    expect(rig.flow.asked).toBeUndefined();
    expect(rig.flow.failure).toMatchObject({ reason: 'codeExpired', who: 'Inês' });
  });
});

describe('a wish that fails', () => {
  const failWith = async (rig: Rig, failure: unknown): Promise<void> => {
    rig.join = () => Promise.reject(failure);
    await rig.flow.join(TARGET);
  };

  test('has the reason, the names and the time to wait', async () => {
    const rig = open();
    const locked = new JoinFailure('locked', 'x', { who: 'Inês', wait: fromSeconds(30) });
    await failWith(rig, locked);
    expect(rig.flow.failure).toEqual({
      ...{ reason: 'locked', name: 'Sunday jam', who: 'Inês' },
      retryAt: after(rig.clock.now(), fromSeconds(30)),
    });
  });

  test('is about the host of the session that was found, when nobody says whom else', async () => {
    const rig = open();
    rig.join = () => Promise.reject(new JoinFailure('declined', 'x'));
    await rig.flow.join({ ...TARGET, host: 'Zoë' });
    expect(rig.flow.failure?.who).toBe('Zoë');
  });

  test('is tried again as it was, and the failure is forgotten meanwhile', async () => {
    const rig = open();
    await failWith(rig, new JoinFailure('hostGone', 'x'));
    rig.join = untilAborted;
    rig.flow.retry();
    expect(rig.flow.failure).toBeUndefined();
    expect(rig.flow.waiting).toEqual({ doing: 'Connecting', name: 'Sunday jam' });
    await settle();
    expect(rig.wishes).toEqual(['join Sunday jam', 'join Sunday jam']);
    rig.flow.cancel();
  });

  test('is told in its own words when there is no screen for it', async () => {
    const rig = open();
    const failure = new PortError('invalid', 'that is no invitation link');
    await failWith(rig, failure);
    expect(rig.flow.failure).toBeUndefined();
    expect(rig.troubles).toEqual([failure]);
  });

  test('is put down to the missing network when there is none', async () => {
    const rig = open();
    rig.online = false;
    for (const reason of ['hostGone', 'serverUnreachable', 'tookTooLong'] as const) {
      await failWith(rig, new JoinFailure(reason, 'x'));
      expect(rig.flow.failure?.reason).toBe('noNetwork');
    }
    await failWith(rig, new JoinFailure('removed', 'x'));
    expect(rig.flow.failure?.reason, 'whoever answered was reached').toBe('removed');
  });

  test('of a port that only says that nobody is there, the host is gone', async () => {
    const rig = open();
    await failWith(rig, new PortError('disconnected', 'hung up'));
    expect(rig.flow.failure?.reason).toBe('hostGone');
    await failWith(rig, new PortError('full', '32 are in'));
    expect(rig.flow.failure?.reason).toBe('full');
  });

  test('by a link says in words what is wrong with the invitation', async () => {
    const rig = open();
    const expired = new PortError('unavailable', 'the invitation has expired; ask for a new one');
    rig.join = () => Promise.reject(expired);
    await rig.flow.openInvitation('togthr://x');
    expect(rig.flow.failure).toBeUndefined();
    expect(rig.troubles).toEqual([expired]);
    rig.join = () => Promise.reject(new JoinFailure('serverUnreachable', 'x'));
    await rig.flow.openInvitation('togthr://x');
    expect(rig.flow.failure?.reason).toBe('serverUnreachable');
  });

  test('that a session ended for is told, too, and Try again is to come back', async () => {
    const rig = open();
    rig.flow.fail(new JoinFailure('removed', 'the host has put this box out'), 'Sunday jam');
    expect(rig.flow.failure).toMatchObject({ reason: 'removed', name: 'Sunday jam' });
    rig.flow.retry();
    await settle();
    expect(rig.wishes).toEqual(['rejoin']);
  });
});

test('a new wish cancels the one before it, and waits for its end', async () => {
  const rig = open();
  rig.join = untilAborted;
  const first = rig.flow.join(TARGET);
  await settle();
  const second = rig.flow.create('Jam');
  expect(await first).toEqual({ kind: 'cancelled' });
  expect(await second).toEqual({ kind: 'done' });
  expect(rig.wishes).toEqual(['join Sunday jam', 'create Jam']);
  expect(rig.flow.failure).toBeUndefined();
});

test('closing gives up what is waited for', async () => {
  const rig = open();
  rig.join = untilAborted;
  const joined = rig.flow.rejoin();
  expect(rig.flow.waiting).toEqual({ doing: 'Rejoining', name: 'Sunday jam' });
  await settle();
  await rig.flow[Symbol.asyncDispose]();
  expect(await joined).toEqual({ kind: 'cancelled' });
});

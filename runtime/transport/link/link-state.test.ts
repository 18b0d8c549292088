import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromMillis, fromSeconds, type Instant, instant } from '../../core/time.ts';
import type { LinkMessage } from './link-message.ts';
import {
  type LinkEffect,
  type LinkInput,
  type LinkState,
  startLink,
  stepLink,
} from './link-state.ts';
import { REFUSED } from './refusals.ts';

const octets = (length: number): Uint8Array => new Uint8Array(length);
const MEMBERSHIP = { creator: octets(32), nonce: octets(16), grants: [] };
const HELLO = {
  kind: 'hello',
  hello: { protocol: 2 },
  publicKey: octets(32),
  nonce: octets(16),
} as unknown as LinkMessage;

const MESSAGES: readonly LinkMessage[] = [
  HELLO,
  { kind: 'refuse', ...REFUSED.askHost() },
  { kind: 'ping' },
  { kind: 'pong' },
  { kind: 'bye', code: 'leaving', text: '' },
  { kind: 'prove', signature: octets(64) },
  { kind: 'enter', prompts: true, knowsYou: false, membership: undefined, invitation: undefined },
  { kind: 'code', triesLeft: 3, lifetime: fromSeconds(120) },
  { kind: 'try', share: octets(32) },
  { kind: 'answer', share: octets(32), tag: octets(64) },
  { kind: 'confirm', tag: octets(64) },
  { kind: 'welcome', membership: MEMBERSHIP, invitation: undefined },
];

/** Runs a link; checks are answered by `verdict`, time passes when the alarm says so. */
class Run {
  state: LinkState;
  readonly effects: LinkEffect[] = [];
  now: Instant = instant(1_000_000);
  due: Instant | undefined;

  constructor(dialer: boolean) {
    const first = startLink(dialer ? HELLO : undefined, this.now);
    this.state = first.state;
    this.#take(first.effects);
  }

  feed(input: LinkInput): readonly LinkEffect[] {
    const { state, effects } = stepLink(this.state, input);
    this.state = state;
    this.#take(effects);
    return effects;
  }

  message(message: LinkMessage | undefined): readonly LinkEffect[] {
    return this.feed({ kind: 'message', message, at: this.now });
  }

  /** To the next alarm, or by so much when that is sooner. */
  pass(by: number): void {
    const until = (this.now + by) as Instant;
    while (this.due !== undefined && this.due <= until) {
      this.now = Math.max(this.now, this.due) as Instant;
      this.due = undefined;
      this.feed({ kind: 'time', at: this.now });
    }
    this.now = until;
  }

  #take(effects: readonly LinkEffect[]): void {
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind === 'wake') this.due = effect.due;
      if (effect.kind === 'ended') this.due = undefined;
    }
  }
}

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('message' as const), at: fc.nat(11) }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'next' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'code' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'open' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'refuse' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'entered' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'frame' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), by: fc.nat(4_000) }) },
);

test('whatever comes in whatever order: nothing is delivered before a verdict opens the link, and it ends once', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (dialer, steps) => {
      const run = new Run(dialer);
      let opened = false;
      for (const each of steps) {
        switch (each.kind) {
          case 'message':
            run.message(MESSAGES[each.at]);
            break;
          case 'time':
            run.pass(fromMillis(each.by));
            break;
          case 'frame':
            run.feed({ kind: 'frame', at: run.now });
            break;
          case 'entered':
            run.feed({ kind: 'entered', message: MESSAGES[8] ?? HELLO, at: run.now });
            break;
          case 'refuse': {
            const verdict = { kind: 'refuse', refusal: REFUSED.removed() } as const;
            run.feed({ kind: 'verdict', verdict, at: run.now });
            break;
          }
          default: {
            if (each.kind === 'open' && run.state.phase === 'greeting') opened = true;
            const verdict = { kind: each.kind, messages: [], lifetime: fromSeconds(120) } as const;
            run.feed({ kind: 'verdict', verdict, at: run.now });
          }
        }
        // Something is always going to happen: no link waits for ever.
        if (run.state.phase === 'ended') expect(run.due).toBeUndefined();
        else expect(run.due).toBeDefined();
        if (!opened) expect(run.state.phase).not.toBe('open');
      }
      const kinds = run.effects.map(({ kind }) => kind);
      if (!kinds.includes('open')) expect(kinds).not.toContain('deliver');
      // Far ends that say nothing more don't keep a link.
      run.pass(fromSeconds(200));
      expect(run.state.phase).toBe('ended');
      expect(run.effects.filter(({ kind }) => kind === 'ended')).toHaveLength(1);
      expect(run.feed({ kind: 'time', at: run.now })).toEqual([]);
    }),
    { numRuns: 3_000 },
  );
});

test('a code question lasts as long as the code, and is kept alive, but not by pings beyond it', () => {
  const run = new Run(true);
  const next = { kind: 'verdict', verdict: { kind: 'next', messages: [] }, at: run.now } as const;
  run.message(HELLO);
  run.feed(next);
  run.message(MESSAGES[5]);
  run.feed(next);
  run.message(MESSAGES[7]);
  const verdict = { kind: 'code', messages: [], lifetime: fromSeconds(120) } as const;
  run.feed({ kind: 'verdict', verdict, at: run.now });
  const asked = run.now;
  while (run.state.phase === 'greeting' && run.now - asked < fromSeconds(300)) {
    run.pass(fromSeconds(1));
    if (run.state.phase === 'greeting') run.message({ kind: 'ping' });
  }
  expect(run.state).toMatchObject({ end: { kind: 'refusing', code: 'codeExpired' } });
  expect(run.now - asked).toBe(fromSeconds(123));
});

test('a far end that falls silent while a code is asked for is given up after six seconds', () => {
  const run = new Run(false);
  const next = { kind: 'verdict', verdict: { kind: 'next', messages: [] }, at: run.now } as const;
  for (const at of [0, 5]) {
    run.message(MESSAGES[at]);
    run.feed(next);
  }
  run.message(MESSAGES[6]);
  const verdict = { kind: 'code', messages: [], lifetime: fromSeconds(120) } as const;
  run.feed({ kind: 'verdict', verdict, at: run.now });
  run.pass(fromSeconds(5.9));
  expect(run.state.phase).toBe('greeting');
  expect(run.effects.filter((effect) => effect.kind === 'send').length).toBeGreaterThan(8);
  run.pass(fromSeconds(0.1));
  expect(run.state).toMatchObject({ phase: 'ended', end: { kind: 'silent' } });
});

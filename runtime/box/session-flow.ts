/**
 * The way into a session and out of it, for whoever asks: the panel, a terminal, the box itself after power-on.
 *
 * Takes  wishes (create, join, rejoin, leave, open an invitation), and digits when a host asks for its code.
 * Gives  what is waited for, what is asked, and why the last wish came to nothing; each wish's end to whoever wished it.
 * Keeps  one wish at a time (a new one cancels the one before), and how to repeat the last one.
 * Lane   4. A wish that fails is a value here, never an exception.
 */
import type { JoinFailure } from '../core/join-failure.ts';
import { Listeners } from '../core/listeners.ts';
import { after } from '../core/time.ts';
import type { PanelCodeAsked, PanelFailure } from '../panel/joining-model.ts';
import type { Clock } from '../ports/clock.ts';
import type { CodePrompt, JoinTarget, SessionManager } from '../session/session.ts';
import { explainFailure } from './failure-reasons.ts';
import { Joining, type WishEnd } from './joining.ts';

export interface SessionFlowDeps {
  readonly clock: Clock;
  readonly session: Pick<
    SessionManager,
    'create' | 'join' | 'leave' | 'rejoinLast' | 'openInvitation' | 'context' | 'last'
  >;
  /** False: the box is on no network. */
  readonly isOnline: () => boolean;
}

export interface SessionFlow extends AsyncDisposable {
  readonly waiting: { readonly doing: string; readonly name: string } | undefined;
  readonly asked: PanelCodeAsked | undefined;
  /** The last wish's, until there is another. */
  readonly failure: PanelFailure | undefined;
  onChange(listener: () => void): Disposable;
  /** Failures that have no `PanelFailure`: to be told in words. */
  onTrouble(listener: (failure: unknown) => void): Disposable;

  create(name: string): Promise<WishEnd>;
  /** `host`: name of the box that hosts it, where that is known. */
  join(target: JoinTarget & { readonly host?: string }): Promise<WishEnd>;
  rejoin(): Promise<WishEnd>;
  openInvitation(link: string): Promise<WishEnd>;
  leave(): Promise<WishEnd>;
  /** The wish that failed, again. */
  retry(): void;
  cancel(): void;
  /** Answers `asked`; passed over when nothing is. */
  enterCode(code: string): void;
  /** A session ended for a reason that has a screen; "Try again" is to come back to it. */
  fail(failure: JoinFailure, name: string): void;
}

export function openSessionFlow(deps: SessionFlowDeps): SessionFlow {
  const { clock, session } = deps;
  const changes = new Listeners<[]>();
  const troubles = new Listeners<[failure: unknown]>();
  const changed = (): void => changes.emit();
  const joining = new Joining(changed);
  let asked: PanelCodeAsked | undefined;
  let answer: ((code: string) => void) | undefined;
  let failure: PanelFailure | undefined;
  let again: (() => Promise<WishEnd>) | undefined;

  const askNobody = (): void => {
    asked = undefined;
    answer = undefined;
    changed();
  };

  const enterCode: CodePrompt = (question, signal) =>
    new Promise<string>((resolve, reject) => {
      const { host, triesLeft, expiresIn, wrong, nameKnown } = question;
      const own: PanelCodeAsked = {
        ...{ host, triesLeft, wrong, nameKnown },
        expiresAt: after(clock.now(), expiresIn),
      };
      asked = own;
      answer = resolve;
      changed();
      // What was asked stays until the wish is over or asks again: the host looks at the answer meanwhile.
      const gone = (): void => {
        if (asked === own) askNobody();
        reject(signal.reason);
      };
      if (signal.aborted) gone();
      else signal.addEventListener('abort', gone, { once: true });
    });

  const show = (reason: unknown, name: string, host?: string): void => {
    const known = explainFailure(reason, { online: deps.isOnline(), invited: name === '' });
    if (known === undefined) {
      troubles.emit(reason);
      return;
    }
    failure = {
      reason: known.reason,
      name,
      who: known.who ?? host ?? '',
      // The other guest of a busy host may be done at any time: what it tells is the longest that may take.
      retryAt:
        known.wait === undefined || known.reason === 'busy'
          ? undefined
          : after(clock.now(), known.wait),
    };
    changed();
  };

  const wish = async (
    doing: string,
    name: string,
    work: (signal: AbortSignal) => Promise<void>,
    host?: string,
  ): Promise<WishEnd> => {
    failure = undefined;
    again = () => wish(doing, name, work, host);
    const end = await joining.start(doing, name, work);
    if (end.kind === 'failed') show(end.failure, name, host);
    if (joining.waiting === undefined) askNobody();
    return end;
  };

  return {
    get waiting() {
      return joining.waiting;
    },
    get asked() {
      return asked;
    },
    get failure() {
      return failure;
    },
    onChange: (listener) => changes.add(listener),
    onTrouble: (listener) => troubles.add(listener),
    create: (name) => wish('Creating', name, () => session.create(name)),
    join: (target) =>
      wish(
        'Connecting',
        target.name,
        (signal) => session.join(target, signal, enterCode),
        target.host,
      ),
    rejoin: () =>
      wish('Rejoining', session.last?.name ?? '', (signal) =>
        session.rejoinLast(signal, enterCode),
      ),
    openInvitation: (link) =>
      wish('Opening invitation', '', (signal) => session.openInvitation(link, signal, enterCode)),
    leave: () => wish('Leaving', session.context?.name ?? '', () => session.leave()),
    retry() {
      void again?.();
    },
    cancel() {
      joining.cancel();
      askNobody();
    },
    enterCode(code) {
      answer?.(code);
      answer = undefined;
    },
    fail(reason, name) {
      again = () => wish('Rejoining', name, (signal) => session.rejoinLast(signal, enterCode));
      show(reason, name);
    },
    async [Symbol.asyncDispose]() {
      await joining[Symbol.asyncDispose]();
      changes.clear();
      troubles.clear();
    },
  };
}

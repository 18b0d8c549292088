/**
 * Bringing a connection about over a signalling path. SIGNALLING.md, "course".
 *
 * Takes  PeerConnections and a path to the far end.
 * Gives  the stream of the first attempt that opens, or a failure with words for people.
 * Keeps  at most four attempts at each end for at most 10 s; all but the one that opened are released.
 * Lane   1.
 */
import { after, fromSeconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  PeerConnection,
  PeerConnections,
  PeerSignal,
  PeerStream,
} from '../../ports/peer-connection.ts';
import { type AttemptInit, connectionInit, EarlyCandidates, ownedStream } from './attempt-parts.ts';
import { isRelay, Outlook } from './candidate-outlook.ts';
import { hungUp, neverOpened, refusedCall } from './connection-words.ts';
import { MAX_ATTEMPTS } from './signal-message.ts';
import type { SignalPath } from './signal-path.ts';

export interface AttemptDeps {
  readonly clock: Clock;
  readonly connections: PeerConnections;
}

/** By then a server has told an end that UDP reaches it what its address is: where none has, UDP is likely blocked. */
const SIGN_OF_LIFE = fromSeconds(1);
/** About one connect in a hundred never opens: another is tried beside it, and in place of one that failed. */
const WATCHDOG = fromSeconds(3);
const LIMIT = fromSeconds(10);

/**
 * The dialer's side. Ends the path in either case. Rejects with JoinFailure, or with the signal's reason; `onStuck` is
 * called when an attempt has failed, or no server was reached over UDP, and something else may be tried beside.
 */
export function offerConnection(
  deps: AttemptDeps,
  path: SignalPath,
  init: AttemptInit & { readonly onStuck?: () => void },
  signal: AbortSignal,
): Promise<PeerStream> {
  const { clock, connections } = deps;
  const attempts: PeerConnection[] = [];
  const failures: string[] = [];
  const answered = new Set<number>();
  const early = new EarlyCandidates();
  const here = new Outlook();
  const there = new Outlook();
  const deadline = after(clock.now(), LIMIT);
  let settled = false;

  return new Promise((resolve, reject) => {
    const settle = (won?: number): void => {
      settled = true;
      alarm[Symbol.dispose]();
      signOfLife[Symbol.dispose]();
      signal.removeEventListener('abort', abort);
      for (const [attempt, connection] of attempts.entries()) {
        if (attempt !== won) void connection[Symbol.asyncDispose]();
      }
      path.send(won === undefined ? { kind: 'givenUp' } : { kind: 'opened', attempt: won });
      void path[Symbol.asyncDispose]();
    };
    const give = (reason: unknown): void => {
      if (settled) return;
      settle();
      reject(reason);
    };
    const abort = (): void => give(signal.reason);
    const opened = (attempt: number, connection: PeerConnection, stream: PeerStream): void => {
      if (settled) return;
      if (init.straight && (stream.route.kind === 'relayed' || there.relays(stream.route.remote))) {
        void connection[Symbol.asyncDispose]();
        failed('it opened through a relay only');
        return;
      }
      settle(attempt);
      resolve(ownedStream(connection, stream, path.remote));
    };
    const failed = (reason: string): void => {
      if (settled) return;
      failures.push(reason);
      init.onStuck?.();
      if (attempts.length < MAX_ATTEMPTS) open();
      else if (failures.length === attempts.length) give(neverOpened(path.remote, failures));
    };
    const open = (): void => {
      const attempt = attempts.length;
      const connection = connections.open({ role: 'offerer', ...connectionInit(init) });
      attempts.push(connection);
      alarm.set(attempts.length < MAX_ATTEMPTS ? after(clock.now(), WATCHDOG) : deadline);
      connection.onOpen((stream) => opened(attempt, connection, stream));
      connection.onFailed(failed);
      connection.onSignal((own) => {
        here.see(own);
        path.send({ kind: 'signal', attempt, signal: own });
      });
    };
    const signOfLife = clock.alarm(() => {
      if (!here.reachesServer || !there.reachesServer) init.onStuck?.();
    });
    const alarm = clock.alarm(() => {
      if (attempts.length < MAX_ATTEMPTS) open();
      else give(neverOpened(path.remote, failures));
    });

    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    signOfLife.set(after(clock.now(), SIGN_OF_LIFE));
    open();
    path.onMessage((message) => {
      if (settled) return;
      if (message.kind === 'refuse') give(refusedCall(path.remote, message.code));
      else if (message.kind === 'signal') {
        const { attempt } = message;
        there.see(message.signal);
        if (init.straight && isRelay(message.signal)) return;
        if (message.signal.kind === 'description') answered.add(attempt);
        if (!answered.has(attempt)) early.keep(attempt, message.signal);
        else {
          attempts[attempt]?.signal(message.signal);
          for (const kept of early.take(attempt)) attempts[attempt]?.signal(kept);
        }
      }
    });
    path.onClosed((cause) => {
      // What was answered may open all the same.
      if (answered.size === 0) give(cause ?? hungUp(path.remote));
    });
  });
}

/** The acceptor's side: each attempt that opens is told. Ends by itself, and the path with it; `onEnded` is told once. */
export function answerConnections(
  deps: AttemptDeps,
  path: SignalPath,
  init: AttemptInit & {
    readonly onStream: (stream: PeerStream) => void;
    readonly onEnded: () => void;
  },
): AsyncDisposable {
  const { clock, connections } = deps;
  const pending = new Map<number, PeerConnection>();
  const early = new EarlyCandidates();
  let chosen: number | undefined;
  let ended = false;

  const drop = (attempt: number): void => {
    const connection = pending.get(attempt);
    pending.delete(attempt);
    void connection?.[Symbol.asyncDispose]();
  };
  const end = (): void => {
    if (ended) return;
    ended = true;
    alarm[Symbol.dispose]();
    for (const attempt of [...pending.keys()]) drop(attempt);
    void path[Symbol.asyncDispose]();
    // After this call: it may be during that which gives the caller what to forget.
    void Promise.resolve().then(init.onEnded);
  };
  const answer = (attempt: number, offer: PeerSignal): void => {
    const connection = connections.open({ role: 'answerer', ...connectionInit(init) });
    pending.set(attempt, connection);
    connection.onOpen((stream) => {
      if (!pending.delete(attempt)) return;
      if (attempt === chosen) end();
      init.onStream(ownedStream(connection, stream, path.remote));
    });
    connection.onFailed(() => {
      drop(attempt);
      if (attempt === chosen) end();
    });
    connection.onSignal((own) => path.send({ kind: 'signal', attempt, signal: own }));
    connection.signal(offer);
    for (const kept of early.take(attempt)) connection.signal(kept);
  };
  const choose = (attempt: number): void => {
    chosen = attempt;
    for (const other of [...pending.keys()]) if (other !== attempt) drop(other);
    if (!pending.has(attempt)) end();
  };

  const alarm = clock.alarm(end);
  alarm.set(after(clock.now(), LIMIT));
  path.onMessage((message) => {
    if (ended) return;
    switch (message.kind) {
      case 'signal': {
        const { attempt, signal } = message;
        const connection = pending.get(attempt);
        if (signal.kind === 'description') answer(attempt, signal);
        else if (connection) connection.signal(signal);
        else early.keep(attempt, signal);
        return;
      }
      case 'opened':
        choose(message.attempt);
        return;
      case 'givenUp':
      case 'refuse':
        end();
        return;
    }
  });
  // After `opened` nothing is missing; before, nobody waits at the other end any more.
  path.onClosed(() => {
    if (chosen === undefined) end();
  });
  return { [Symbol.asyncDispose]: async () => end() };
}

/** Greetings between boxes of credentials-rig.ts over streams of peer-stream-pair.ts. */
import type { SessionId } from '../runtime/core/ensemble.ts';
import { fromMillis, type Micros } from '../runtime/core/time.ts';
import type { PeerStream } from '../runtime/ports/peer-connection.ts';
import type { CodeQuestion, LinkEntry } from '../runtime/privacy/credentials.ts';
import { type Hello, LINK_PROTOCOL } from '../runtime/transport/link/hello.ts';
import { greetStream, type Link } from '../runtime/transport/link/link.ts';
import { LinkCounters } from '../runtime/transport/link/link-counters.ts';
import type { LinkEnd, Refusal } from '../runtime/transport/link/link-state.ts';
import type { VirtualClock } from '../sim/virtual-clock.ts';
import type { TestBox } from './credentials-rig.ts';

export const helloOf = (box: TestBox, session: SessionId): Hello => ({
  protocol: LINK_PROTOCOL,
  box: box.identity.box,
  session,
  name: box.name,
  rtpPort: 5004,
  ssrc: 1,
  linkPort: 5008,
  boot: 7,
  seenAs: '',
});

/** One side of a greeting, and what came of it. */
export interface Side extends AsyncDisposable {
  readonly link: Link | undefined;
  readonly end: LinkEnd | undefined;
  readonly counters: LinkCounters;
  /** How it ended, in a word. */
  readonly outcome: string;
}

export function greet(
  clock: VirtualClock,
  stream: PeerStream,
  init: {
    readonly dialer: boolean;
    readonly box: TestBox;
    readonly session: SessionId;
    readonly hello?: Partial<Hello>;
    readonly entry?: LinkEntry;
    readonly judge?: (peer: Hello) => Refusal | undefined;
  },
): Side {
  const { box, session } = init;
  const counters = new LinkCounters();
  let link: Link | undefined;
  let end: LinkEnd | undefined;
  const attempt = greetStream({ clock, counters }, stream, {
    dialer: init.dialer,
    hello: { ...helloOf(box, session), ...init.hello },
    credentials: box,
    ...(init.entry ? { entry: init.entry } : {}),
    ...(init.judge ? { judge: init.judge } : {}),
    onOpen(opened) {
      link = opened;
      opened.onClosed((how) => {
        end = how;
      });
    },
    onFailed(how) {
      end = how;
    },
  });
  return {
    get link() {
      return link;
    },
    get end() {
      return end;
    },
    counters,
    get outcome() {
      if (!end) return link ? 'open' : 'greeting';
      return 'code' in end ? `${end.kind} ${end.code}` : end.kind;
    },
    [Symbol.asyncDispose]: () => attempt[Symbol.asyncDispose](),
  };
}

/** A player who is asked for codes, and what they were shown. */
export interface Player {
  readonly asked: CodeQuestion[];
  readonly entry: LinkEntry;
  /** Still being asked. */
  readonly waiting: boolean;
  enter(code: string): void;
  cancel(): void;
}

export function openPlayer(entry: LinkEntry = {}): Player {
  const asked: CodeQuestion[] = [];
  let answer: ((code: string) => void) | undefined;
  let refuse: ((reason: unknown) => void) | undefined;
  const enterCode = (question: CodeQuestion, signal: AbortSignal): Promise<string> => {
    asked.push(question);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        answer = undefined;
        refuse = undefined;
      };
      answer = (code) => {
        done();
        resolve(code);
      };
      refuse = (reason) => {
        done();
        reject(reason);
      };
      signal.addEventListener('abort', () => refuse?.(signal.reason), { once: true });
    });
  };
  return {
    asked,
    entry: { ...entry, enterCode },
    get waiting() {
      return answer !== undefined;
    },
    enter: (code) => answer?.(code),
    cancel: () => refuse?.(new Error('the player turned away')),
  };
}

export const turn = (clock: VirtualClock, time: Micros = fromMillis(50)): Promise<void> =>
  clock.advanceSettling(time);

/** A code that is not the one shown. */
export const wrongFor = (code: string | undefined): string =>
  String((Number(code) + 1) % 1_000_000).padStart(6, '0');

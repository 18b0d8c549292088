/**
 * The host's side of the six digits: who gets a code, how often it may be tried, and when there is none.
 *
 * Takes  requests of boxes that nobody knows, one at a time.
 * Gives  a code to show on the panel, and to compare with; or the reason why there is none now.
 * Keeps  one code for at most 120 s and one entry. Wrong tries are counted across codes and guests: after three no code is
 *        given for 30 s, then twice as long each time, up to ten minutes, until one entry succeeds or an hour has passed.
 *        That is at most 432 guesses a day at one in a million. Who asks in quick succession, or was turned down a
 *        moment ago, waits: a panel is not to be flooded.
 * Lane   4.
 */
import type { BoxId } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import { after, elapsed, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../ports/clock.ts';
import type { Randomness } from '../ports/randomness.ts';

/** The code that this box, as host, is to show: someone unknown wants in. */
export interface ShownCode {
  /** Six digits. */
  readonly code: string;
  /** What the box that wants in calls itself; nothing of it is proven. */
  readonly guest: string;
  /** Another box of that name is known under another key. */
  readonly nameKnown: boolean;
  readonly expiresAt: Instant;
  readonly triesLeft: number;
}

export interface Guest {
  readonly box: BoxId;
  readonly name: string;
  readonly nameKnown: boolean;
}

/** Why no code is given. `busy`: another guest has one, or too many have asked; `wait`: when to ask again. */
export interface NoCode {
  readonly reason: 'busy' | 'locked' | 'declined';
  readonly wait: Micros;
}

/** One guest's code. Disposing it takes it back: the guest went, or is not served any more. */
export interface IssuedCode extends Disposable {
  readonly expiresIn: Micros;
  readonly triesLeft: number;
  /** Takes one try, right or wrong, and gives the code to compare with. Undefined: there is no try left. */
  takeTry(): string | undefined;
  /** The try taken last was right. */
  succeed(): void;
}

export interface PairingCodes extends Disposable {
  readonly shown: ShownCode | undefined;
  onCode(listener: (shown: ShownCode | undefined) => void): Disposable;
  /** `onWithdrawn`: told once when time is up, or the host turned the guest down. */
  issue(guest: Guest, onWithdrawn: (why: 'expired' | 'declined') => void): IssuedCode | NoCode;
  /** Turns down the guest whose code is shown. */
  decline(): void;
}

const MAX_TRIES = 3;
const LIFETIME = fromSeconds(120);
const FIRST_LOCK = fromSeconds(30);
const LONGEST_LOCK = fromSeconds(600);
const FORGIVEN_AFTER = fromSeconds(3_600);
/** Codes that may pop up on the panel: four at once, then one in 15 s. */
const CODES_AT_ONCE = 4;
const CODES_PER_SECOND = 1 / 15;
const DECLINED_FOR = fromSeconds(60);
const MAX_DECLINED = 32;

interface Held {
  readonly code: string;
  readonly guest: Guest;
  readonly expiresAt: Instant;
  readonly onWithdrawn: (why: 'expired' | 'declined') => void;
}

export function openPairingCodes(deps: {
  readonly clock: Clock;
  readonly randomness: Randomness;
}): PairingCodes {
  const { clock, randomness } = deps;
  const codes = new Listeners<[shown: ShownCode | undefined]>();
  const pace = new TokenBucket(CODES_PER_SECOND, CODES_AT_ONCE);
  const declined = new Map<BoxId, Instant>();
  let held: Held | undefined;
  let failures = 0;
  let failedAt: Instant | undefined;
  let locks = 0;
  let lockedUntil: Instant | undefined;

  const forgive = (): void => {
    failures = 0;
    locks = 0;
    lockedUntil = undefined;
    failedAt = undefined;
  };

  const shown = (): ShownCode | undefined =>
    held && {
      code: held.code,
      guest: held.guest.name,
      nameKnown: held.guest.nameKnown,
      expiresAt: held.expiresAt,
      triesLeft: triesLeft(),
    };
  /** While locked, nothing is left of what led to it. */
  const triesLeft = (): number => (locked() ? 0 : MAX_TRIES - failures);
  const locked = (): boolean => lockedUntil !== undefined && clock.now() < lockedUntil;
  const tell = (): void => codes.emit(shown());

  const withdraw = (): void => {
    held = undefined;
    alarm.clear();
    tell();
  };

  const alarm = clock.alarm(() => {
    const late = held;
    if (!late) return;
    withdraw();
    late.onWithdrawn('expired');
  });

  /** Why this guest gets none now. */
  const hindrance = (guest: Guest, now: Instant): NoCode | undefined => {
    if (failedAt !== undefined && elapsed(failedAt, now) >= FORGIVEN_AFTER) forgive();
    if (lockedUntil !== undefined && now < lockedUntil) {
      return { reason: 'locked', wait: elapsed(now, lockedUntil) };
    }
    const until = declined.get(guest.box) ?? now;
    if (now < until) return { reason: 'declined', wait: elapsed(now, until) };
    if (held) return { reason: 'busy', wait: elapsed(now, held.expiresAt) };
    if (pace.take(1, now)) return undefined;
    return { reason: 'busy', wait: fromSeconds(1 / CODES_PER_SECOND) };
  };

  const failOnce = (now: Instant): void => {
    failures++;
    failedAt = now;
    if (failures < MAX_TRIES) return;
    failures = 0;
    lockedUntil = after(now, Math.min(FIRST_LOCK * 2 ** locks, LONGEST_LOCK) as Micros);
    // The shift above must not run away.
    locks = Math.min(locks + 1, 16);
  };

  return {
    get shown() {
      return shown();
    },
    onCode: (listener) => codes.add(listener),
    issue(guest, onWithdrawn) {
      const now = clock.now();
      const reason = hindrance(guest, now);
      if (reason) return reason;
      const expiresAt = after(now, LIFETIME);
      const mine: Held = { code: sixDigits(randomness), guest, expiresAt, onWithdrawn };
      held = mine;
      alarm.set(expiresAt);
      tell();
      return {
        expiresIn: LIFETIME,
        get triesLeft() {
          return held === mine ? triesLeft() : 0;
        },
        takeTry() {
          if (held !== mine || triesLeft() === 0) return undefined;
          // Before it is known whether it was right: who hangs up on seeing that it was not has paid for it.
          failOnce(clock.now());
          tell();
          return mine.code;
        },
        succeed() {
          if (held !== mine) return;
          forgive();
          withdraw();
        },
        [Symbol.dispose]() {
          if (held === mine) withdraw();
        },
      };
    },
    decline() {
      const turned = held;
      if (!turned) return;
      const now = clock.now();
      for (const [box, until] of declined) if (until <= now) declined.delete(box);
      if (declined.size < MAX_DECLINED) declined.set(turned.guest.box, after(now, DECLINED_FOR));
      withdraw();
      turned.onWithdrawn('declined');
    },
    [Symbol.dispose]() {
      alarm[Symbol.dispose]();
      held = undefined;
      codes.clear();
    },
  };
}

const CODES = 1_000_000;
/** The greatest multiple of CODES that 32 bits hold: numbers from there on would favour small codes. */
const FAIR = Math.floor(0x1_0000_0000 / CODES) * CODES;

/** Uniform in 000000 to 999999. */
export function sixDigits(randomness: Randomness): string {
  let drawn = randomness.uint32();
  while (drawn >= FAIR) drawn = randomness.uint32();
  return String(drawn % CODES).padStart(6, '0');
}

/**
 * The link LED as a pattern: dark without a session, slow blinking while searching, steady when up (dark for a
 * moment on each beat while the session plays), fast blinking when a peer is gone or the link is bad, two flashes and a
 * pause while a guest waits for the code. Pure.
 */
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { LinkStatus } from './panel-model.ts';

export interface LedLevel {
  readonly level: 0 | 1;
  /** When it changes; undefined: it stays. */
  readonly until: Instant | undefined;
}

const SEARCHING: Micros = fromMillis(500);
const DEGRADED: Micros = fromMillis(125);
/** On and off in turn, and over again. */
const GUEST: readonly Micros[] = [100, 100, 100, 700].map(fromMillis);
/** How long a note lights the activity LED. */
export const NOTE_FLASH: Micros = fromMillis(80);

/** `beat`: lit on the beats of what is played; undefined: nothing is. */
export function linkLed(link: LinkStatus | 'guest', now: Instant, beat?: LedLevel): LedLevel {
  switch (link) {
    case 'none':
      return { level: 0, until: undefined };
    case 'up':
      return beat === undefined
        ? { level: 1, until: undefined }
        : { level: beat.level === 1 ? 0 : 1, until: beat.until };
    case 'searching':
      return blink(SEARCHING, now);
    case 'degraded':
      return blink(DEGRADED, now);
    case 'guest':
      return inTurn(GUEST, now);
  }
}

function blink(half: Micros, now: Instant): LedLevel {
  const count = Math.floor(now / half);
  return { level: count % 2 === 0 ? 1 : 0, until: ((count + 1) * half) as Instant };
}

function inTurn(parts: readonly Micros[], now: Instant): LedLevel {
  const round = parts.reduce((sum, part) => sum + part, 0);
  let end = Math.floor(now / round) * round;
  for (const [at, part] of parts.entries()) {
    end += part;
    if (now < end) return { level: at % 2 === 0 ? 1 : 0, until: end as Instant };
  }
  return { level: 0, until: end as Instant };
}

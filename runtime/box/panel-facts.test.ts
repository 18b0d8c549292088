import { describe, expect, test } from 'vitest';
import { BJORN, FAR_AWAY, INES, SELF, SUNDAY } from '../../tests/panel/sample-models.ts';
import type { Participant } from '../core/ensemble.ts';
import { lockState } from './panel-facts.ts';
import { sessionNews } from './session-news.ts';

const withPlayers = (...others: readonly Participant[]) => ({
  ...SUNDAY,
  participants: [SELF, ...others],
});

describe('the lock', () => {
  test('is not there while there is nobody to hear anything', () => {
    expect(lockState(undefined, false)).toBe('none');
    expect(lockState(withPlayers(), false)).toBe('none');
    expect(lockState(withPlayers(FAR_AWAY), false), 'whose link is down').toBe('none');
  });

  test('is closed only when every link is encrypted, however it goes', () => {
    expect(lockState(withPlayers(INES, BJORN), false)).toBe('closed');
    for (const route of ['local', 'direct', 'relayed', 'tunnelled', 'forwarded'] as const) {
      expect(lockState(withPlayers(INES, { ...BJORN, route }), false)).toBe('closed');
    }
  });

  test('is open as soon as one link is not encrypted, or nobody knows', () => {
    expect(lockState(withPlayers(INES, { ...BJORN, route: 'open' }), false)).toBe('open');
    expect(lockState(withPlayers(INES, { ...BJORN, route: undefined }), false)).toBe('open');
  });

  test('is open while a plain RTP-MIDI peer hears this box, in a session or not', () => {
    expect(lockState(withPlayers(INES), true)).toBe('open');
    expect(lockState(undefined, true)).toBe('open');
  });
});

describe('news of the session', () => {
  test('name who hosts now', () => {
    const before = withPlayers(INES, BJORN);
    expect(sessionNews(before, { ...before, host: BJORN.id })).toBe('Björn hosts now');
    expect(sessionNews(before, { ...before, host: SELF.id })).toBe('You host now');
  });

  test('are none when nothing changed, on joining, on leaving, and of a host not known yet', () => {
    const now = withPlayers(INES);
    expect(sessionNews(now, now)).toBeUndefined();
    expect(sessionNews(undefined, now)).toBeUndefined();
    expect(sessionNews(now, undefined)).toBeUndefined();
    expect(sessionNews(now, { ...now, host: BJORN.id })).toBeUndefined();
  });
});

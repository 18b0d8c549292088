import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyMessage } from '../../tests/midi-arbitraries.ts';
import { endOf, isKey, NO_VOICE, startsVoice, VOICES, voiceOf } from './midi-voices.ts';

test('the end of every voice is a message of that voice, which starts nothing', () => {
  for (let voice = 0; voice < VOICES; voice++) {
    const end = endOf(voice);
    expect(voiceOf(end)).toBe(voice);
    expect(startsVoice(end)).toBe(false);
    expect(isKey(voice)).toBe(end.kind === 'noteOff');
  }
  expect(() => endOf(VOICES + 200)).toThrow(RangeError);
});

test('what a message starts is ended by the end of its voice, and other messages start nothing', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const voice = voiceOf(message);
      if (voice === NO_VOICE)
        expect(startsVoice(message) && message.kind !== 'controlChange').toBe(false);
      else expect(voiceOf(endOf(voice))).toBe(voice);
    }),
  );
});

test.each([
  [{ kind: 'controlChange', channel: 0, controller: 64, value: 63 }, false],
  [{ kind: 'controlChange', channel: 0, controller: 64, value: 64 }, true],
  [{ kind: 'controlChange', channel: 0, controller: 1, value: 1 }, true],
  [{ kind: 'controlChange', channel: 0, controller: 1, value: 0 }, false],
  [{ kind: 'pitchBend', channel: 3, value: 8192 }, false],
  [{ kind: 'pitchBend', channel: 3, value: 8191 }, true],
  [{ kind: 'channelPressure', channel: 15, pressure: 1 }, true],
  [{ kind: 'noteOff', channel: 0, key: 0, velocity: 127 }, false],
] as const)('%o holds something: %s', (message, starts) => {
  expect(startsVoice(message)).toBe(starts);
});

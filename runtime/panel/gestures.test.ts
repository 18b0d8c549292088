import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Instant } from '../core/time.ts';
import type { EncoderEvent } from '../ports/encoder.ts';
import { type Gesture, gestureDue, RESTING, stepGestures } from './gestures.ts';

const PRESS: EncoderEvent = { kind: 'press' };
const RELEASE: EncoderEvent = { kind: 'release' };
const turn = (detents: number): EncoderEvent => ({ kind: 'turn', detents });

type Script = readonly (readonly [millis: number, event?: EncoderEvent])[];

/** Plays a script and tells what came when, waking up exactly when asked to. */
function play(script: Script): string[] {
  let state = RESTING;
  const told: string[] = [];
  const take = (at: number, event?: EncoderEvent): void => {
    const result = stepGestures(state, event, (at * 1_000) as Instant);
    state = result.state;
    for (const gesture of result.gestures) told.push(`${at} ${word(gesture)}`);
  };
  for (const [millis, event] of script) {
    for (;;) {
      const due = gestureDue(state);
      if (due === undefined || due / 1_000 >= millis) break;
      take(due / 1_000);
    }
    take(millis, event);
  }
  return told;
}

const word = (gesture: Gesture): string =>
  gesture.kind === 'turn' ? `turn ${gesture.detents}:${gesture.steps}` : gesture.kind;

describe('gestures', () => {
  test('a click is told when the knob comes up, and is single after 250 ms', () => {
    expect(play([[0, PRESS], [100, RELEASE], [1_000]])).toEqual(['100 click', '350 single']);
  });

  test('a second click in time makes a double, and no second click', () => {
    const script: Script = [[0, PRESS], [100, RELEASE], [300, PRESS], [380, RELEASE], [1_000]];
    expect(play(script)).toEqual(['100 click', '380 double']);
  });

  test('a second click that comes late is another click', () => {
    const script: Script = [[0, PRESS], [100, RELEASE], [351, PRESS], [400, RELEASE], [1_000]];
    expect(play(script)).toEqual(['100 click', '350 single', '400 click', '650 single']);
  });

  test('three clicks are a double and a click', () => {
    const script: Script = [
      ...([
        [0, PRESS],
        [50, RELEASE],
        [100, PRESS],
        [150, RELEASE],
      ] as const),
      ...([[200, PRESS], [250, RELEASE], [1_000]] as const),
    ];
    expect(play(script)).toEqual(['50 click', '150 double', '250 click', '500 single']);
  });

  test('holding is told at 400 ms while still down, and is no click', () => {
    expect(play([[0, PRESS], [900, RELEASE], [2_000]])).toEqual(['400 hold']);
  });

  test('holding on opens power at 2 s', () => {
    expect(play([[0, PRESS], [2_500, RELEASE], [4_000]])).toEqual(['400 hold', '2000 power']);
  });

  test('a hold is noticed though nobody woke up for it', () => {
    const pressed = stepGestures(RESTING, PRESS, 0 as Instant).state;
    const { gestures } = stepGestures(pressed, RELEASE, 3_000_000 as Instant);
    expect(gestures.map(word)).toEqual(['hold', 'power']);
  });

  test('a click that is followed by a hold is neither single nor double', () => {
    expect(play([[0, PRESS], [100, RELEASE], [200, PRESS], [700, RELEASE], [2_000]])).toEqual([
      '100 click',
      '600 hold',
    ]);
  });

  test('turning right after a click settles it before the turn', () => {
    expect(play([[0, PRESS], [100, RELEASE], [150, turn(1)], [1_000]])).toEqual([
      '100 click',
      '150 single',
      '150 turn 1:1',
    ]);
  });

  test('one detent while pressed is the finger, and still a click', () => {
    expect(play([[0, PRESS], [50, turn(1)], [100, RELEASE], [150]])).toEqual(['100 click']);
  });

  test('two detents while pressed are nothing at all', () => {
    expect(play([[0, PRESS], [50, turn(2)], [100, RELEASE], [3_000]])).toEqual([]);
    expect(play([[0, PRESS], [50, turn(-2)], [3_000, RELEASE], [9_000]])).toEqual([]);
  });

  test.each([1, -1])('three detents while pressed panic, once for each press (%i)', (way) => {
    const script: Script = [
      ...([
        [0, PRESS],
        [50, turn(way)],
        [60, turn(way)],
        [70, turn(way)],
      ] as const),
      ...([[80, turn(way)], [90, turn(3 * way)], [2_500, RELEASE], [4_000]] as const),
    ];
    expect(play(script)).toEqual(['70 panic']);
  });

  test('panic works after holding, too', () => {
    expect(play([[0, PRESS], [500, turn(3)], [600, RELEASE], [3_000]])).toEqual([
      '400 hold',
      '500 panic',
    ]);
  });

  test('a knob that is spun runs ahead, one that changes direction does not', () => {
    expect(
      play([
        [0, turn(1)],
        [10, turn(1)],
        [20, turn(-1)],
        [120, turn(-1)],
      ]),
    ).toEqual(['0 turn 1:1', '10 turn 1:8', '20 turn -1:-1', '120 turn -1:-1']);
  });

  test('whatever the hand does, clicks are settled and detents are neither lost nor made', () => {
    const event = fc.oneof(
      fc.constant(PRESS),
      fc.constant(RELEASE),
      fc.integer({ min: -4, max: 4 }).map(turn),
    );
    const deed = fc.tuple(fc.integer({ min: 0, max: 700 }), event);
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        let at = 0;
        let down = false;
        let free = 0;
        const script: [number, EncoderEvent][] = deeds.map(([wait, what]) => {
          at += wait;
          if (what.kind === 'press') down = true;
          if (what.kind === 'release') down = false;
          if (what.kind === 'turn' && !down) free += what.detents;
          return [at, what];
        });
        const told = play([...script, [at + 10_000]]).map((line) => line.split(' '));
        const count = (kind: string): number => told.filter(([, one]) => one === kind).length;
        const turned = told
          .filter(([, kind]) => kind === 'turn')
          .reduce((sum, [, , detents]) => sum + Number.parseInt(detents ?? '', 10), 0);
        expect(turned).toBe(free);
        expect(count('single')).toBeLessThanOrEqual(count('click'));
        expect(count('power')).toBeLessThanOrEqual(count('hold'));
      }),
    );
  });
});

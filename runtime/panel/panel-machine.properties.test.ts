import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Hand, START } from '../../tests/panel/hand.ts';
import {
  ASKED,
  BOX,
  CONNECTING,
  CROWDED,
  FRESH_BOX,
  failing,
  HOSTING,
  INVITATION,
  JAMMING,
  SELF,
  SHOWN,
  SUNDAY,
} from '../../tests/panel/sample-models.ts';
import { after, fromSeconds } from '../core/time.ts';
import { coverOf } from './covers.ts';
import { FrameBuffer } from './frame-buffer.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';

const kinds = (effects: readonly PanelEffect[]): string[] => effects.map(({ kind }) => kind);

type Deed = (hand: Hand) => unknown;
const models: readonly PanelModel[] = [
  ...[FRESH_BOX, BOX, JAMMING, CROWDED],
  { ...CONNECTING, codeAsked: ASKED },
  { ...CONNECTING, codeAsked: { ...ASKED, wrong: true, nameKnown: true, host: '', triesLeft: -1 } },
  { ...HOSTING, codeShown: SHOWN, invitation: INVITATION },
  { ...HOSTING, codeShown: { ...SHOWN, code: '', guest: 'W'.repeat(64) } },
  { ...HOSTING, invitation: { link: '', webLink: 'x'.repeat(600) } },
  failing('locked', { retryAt: after(START, fromSeconds(30)), name: '', who: 'W'.repeat(64) }),
  failing('intercepted'),
  { ...JAMMING, session: { ...SUNDAY, locked: true } },
  { ...BOX, waiting: { doing: 'Joining', name: 'Sunday jam' } },
  { ...JAMMING, message: { text: 'x '.repeat(200), tone: 'error' }, settings: [], found: [] },
  {
    ...CROWDED,
    session: { ...SUNDAY, participants: [SELF], timeline: { ...SUNDAY.timeline, bpm: 0 } },
  },
];
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.integer({ min: -9, max: 9 }).map((n) => (hand: Hand) => hand.spin(n)),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 0, max: 900 }).map((n) => (hand: Hand) => hand.wait(n)),
  },
  { weight: 1, arbitrary: fc.constant((hand: Hand) => hand.wait(310_000)) },
  { weight: 3, arbitrary: fc.constant((hand: Hand) => hand.tap()) },
  { weight: 2, arbitrary: fc.constant((hand: Hand) => hand.press()) },
  { weight: 2, arbitrary: fc.constant((hand: Hand) => hand.release()) },
  { weight: 1, arbitrary: fc.constant((hand: Hand) => hand.notes()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...models).map((model) => (hand: Hand) => hand.show(model)),
  },
);
const anywhere = fc.tuple(fc.constantFrom(...models), fc.array(deeds, { maxLength: 50 }));

function wander([model, script]: readonly [PanelModel, readonly Deed[]]): Hand {
  const hand = new Hand(model);
  for (const deed of script) deed(hand);
  return hand;
}

describe('whatever the hand does', () => {
  test('nothing is ever thrown, and every screen can be drawn', () => {
    const canvas = new FrameBuffer();
    fc.assert(
      fc.property(anywhere, ([model, script]) => {
        const hand = new Hand(model);
        for (const deed of script) {
          deed(hand);
          const { changesAt } = hand.look(canvas);
          expect(changesAt === undefined || changesAt > hand.now).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('holding leads home, past whatever covers it, in at most sixteen holds', () => {
    fc.assert(
      fc.property(anywhere, (path) => {
        const hand = wander(path).release().wait(1_000);
        for (let i = 0; i < 16; i++) hand.hold();
        const { screen } = hand;
        const home = screen.kind === 'list' && screen.list === 'home';
        expect(home || screen.kind === 'live').toBe(true);
        expect(hand.state.edit).toBeUndefined();
        // Only a wait that the box itself has not given up may still be shown.
        const cover = coverOf(hand.state, hand.model);
        expect([undefined, 'waiting']).toContain(cover?.kind);
      }),
      { numRuns: 300 },
    );
  });

  test('panic is one gesture away', () => {
    fc.assert(
      fc.property(anywhere, (path) => {
        const hand = wander(path).release();
        hand.effects.length = 0;
        hand.panic();
        expect(kinds(hand.effects)).toContain('panic');
      }),
      { numRuns: 300 },
    );
  });

  test('no session is joined, left or made without a click that was all there was', () => {
    const grave = new Set([
      ...['join', 'rejoinLast', 'retry', 'create', 'leave', 'restart', 'shutdown'],
      ...['remove', 'handOver', 'letBackIn', 'forget', 'mute', 'setLocked'],
    ]);
    fc.assert(
      fc.property(anywhere, ([model, script]) => {
        const hand = new Hand(model);
        for (const deed of script) {
          const waiting = hand.state.clicked;
          const tapped = hand.state.gestures.clickedAt;
          const known = hand.effects.length;
          deed(hand);
          const grown = kinds(hand.effects.slice(known)).filter((kind) => grave.has(kind));
          expect(grown.length).toBeLessThanOrEqual(1);
          if (grown.length === 1) {
            expect(waiting).toBeDefined();
            expect(tapped).toBeDefined();
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

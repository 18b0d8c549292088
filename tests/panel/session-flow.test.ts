/** Into a session with the knob alone: the code on either side, and what may go wrong. */
import { describe, expect, test } from 'vitest';
import { after, fromSeconds } from '../../runtime/core/time.ts';
import { coverOf } from '../../runtime/panel/covers.ts';
import { failureWords } from '../../runtime/panel/failures.ts';
import { textWidth, wrap } from '../../runtime/panel/font.ts';
import { CANVAS_WIDTH } from '../../runtime/panel/frame-buffer.ts';
import type { PanelCodeAsked } from '../../runtime/panel/joining-model.ts';
import type { PanelModel } from '../../runtime/panel/panel-model.ts';
import { showsText } from './find-text.ts';
import { Hand, START } from './hand.ts';
import { ASKED, BOX, CONNECTING, failing, HOSTING, JAMMING, SHOWN } from './sample-models.ts';
import { FAILURES } from './screens.ts';

const coverKind = (hand: Hand): string | undefined => coverOf(hand.state, hand.model)?.kind;
const asked = (change: Partial<PanelCodeAsked> = {}): Hand =>
  new Hand(CONNECTING).show({ codeAsked: { ...ASKED, ...change } });
const enter = (hand: Hand, code: string): Hand => {
  for (const digit of code) hand.turn(Number(digit)).click();
  return hand;
};
const shows = (hand: Hand, text: string): boolean => showsText(hand.look().frame, text);

describe('entering the code of the host', () => {
  test('six digits and one more click send the code', () => {
    const hand = enter(asked(), '482913');
    expect(hand.effects).toEqual([]);
    expect(hand.click().effects).toEqual([{ kind: 'enterCode', code: '482913' }]);
    expect(shows(hand, 'Checking the code')).toBe(true);
  });

  test('the display names the host, the tries and the time that are left', () => {
    const hand = asked();
    expect(shows(hand, 'Inês')).toBe(true);
    expect(shows(hand, '3 tries')).toBe(true);
    expect(shows(hand, '120 s')).toBe(true);
    expect(shows(hand.wait(33_000), '87 s')).toBe(true);
    expect(shows(hand.wait(120_000), '0 s')).toBe(true);
  });

  test('a digit goes round: nine is one detent before zero', () => {
    expect(asked().turn(-1).state.entry?.digits[0]).toBe(9);
    expect(asked().turn(-1).turn(1).state.entry?.digits[0]).toBe(0);
    expect(asked().spin(23).state.entry?.digits[0]).toBe(3);
  });

  test('a hold takes one digit back and keeps it, the first hold of all cancels', () => {
    const hand = asked().turn(4).click().turn(8).click().hold();
    expect(hand.state.entry).toMatchObject({ at: 1, digits: [4, 8, 0, 0, 0, 0] });
    expect(hand.hold().effects).toEqual([]);
    expect(hand.hold().effects).toEqual([{ kind: 'cancel' }]);
    expect(coverKind(hand)).toBe('waiting');
  });

  test('a double click is two clicks, but never one that sends', () => {
    const hand = asked().double();
    expect(hand.state.entry?.at).toBe(2);
    hand.double().click().double();
    expect(hand.state.entry).toMatchObject({ at: 6, stage: 'digits' });
    expect(hand.effects).toEqual([]);
    expect(hand.click().effects).toEqual([{ kind: 'enterCode', code: '000000' }]);
  });

  test('after a wrong code the digits begin again, and the tries that are left are shown', () => {
    const hand = enter(asked(), '111111').click();
    hand.show({ codeAsked: { ...ASKED, wrong: true, triesLeft: 2 } });
    expect(shows(hand, 'Wrong code')).toBe(true);
    expect(shows(hand, '2 tries')).toBe(true);
    expect(hand.state.entry).toMatchObject({ at: 0, digits: [0, 0, 0, 0, 0, 0] });
    expect(enter(hand, '222222').click().effects.at(-1)).toEqual({
      ...{ kind: 'enterCode', code: '222222' },
    });
  });

  test('the display stays bright while there are digits to compare', () => {
    expect(asked().wait(100_000).look().brightness).toBe(1);
    expect(new Hand(HOSTING).show({ codeShown: SHOWN }).wait(100_000).look().brightness).toBe(1);
    expect(new Hand(HOSTING).wait(100_000).look().brightness).toBeCloseTo(0.2);
  });

  test('facts that change while it is entered leave the digits alone', () => {
    const hand = enter(asked(), '48').show({ found: [] }).show({ soundingNotes: 4 });
    expect(hand.state.entry).toMatchObject({ at: 2, digits: [4, 8, 0, 0, 0, 0] });
  });

  test('a known name under another key is asked about first, and no is ready', () => {
    const no = asked({ nameKnown: true });
    expect(shows(no, 'know: it has another')).toBe(true);
    expect(no.click().effects).toEqual([{ kind: 'cancel' }]);
    const yes = asked({ nameKnown: true }).turn(1).click();
    expect(yes.effects).toEqual([]);
    expect(shows(yes, 'Code shown by')).toBe(true);
    enter(yes, '000000')
      .click()
      .show({ codeAsked: { ...ASKED, nameKnown: true, wrong: true } });
    expect(yes.state.entry?.stage, 'it is not asked twice').toBe('digits');
  });

  test('entering the code wakes the display, and panic works in the middle of it', () => {
    const hand = new Hand(CONNECTING).wait(400_000).show({ codeAsked: ASKED });
    expect(hand.look().brightness).toBe(1);
    expect(enter(hand, '12').panic().effects).toEqual([{ kind: 'panic' }]);
    expect(hand.state.entry?.at).toBe(2);
  });

  test('joined: the question is gone, and the live screen is there', () => {
    const hand = enter(asked(), '482913')
      .click()
      .show({ ...JAMMING, codeAsked: undefined });
    expect(coverKind(hand)).toBeUndefined();
    expect(hand.screen.kind).toBe('live');
  });
});

describe('joining comes to nothing', () => {
  test.each(FAILURES)(
    '%s has a screen that says what to do, in words that are not cut',
    (reason) => {
      const model = failing(reason);
      const hand = new Hand(BOX).show(model);
      const { failure } = model;
      if (failure === undefined) throw new Error('the sample has a failure');
      const { title, text } = failureWords(failure);
      const lines = wrap(text, CANVAS_WIDTH, 9);
      expect(lines.length).toBeLessThanOrEqual(3);
      expect(lines.join(' '), 'no word is broken').toBe(text);
      expect(textWidth(title)).toBeLessThanOrEqual(CANVAS_WIDTH - 26);
      for (const line of lines) expect(shows(hand, line), line).toBe(true);
    },
  );

  test('each reason has words of its own', () => {
    const titles = FAILURES.map((reason) => {
      const { failure } = failing(reason);
      return failure === undefined ? '' : failureWords(failure).title;
    });
    expect(new Set(titles).size).toBe(FAILURES.length);
  });

  test('one click tries again, as soon as it is sure that it was one', () => {
    const hand = new Hand(BOX).show(failing('hostGone')).tap();
    expect(hand.effects).toEqual([]);
    expect(hand.wait(300).effects).toEqual([{ kind: 'retry' }]);
    expect(coverKind(hand)).toBeUndefined();
  });

  test('a double click goes home and tries nothing', () => {
    const hand = new Hand(BOX).choose('sessions').show(failing('hostGone')).double();
    expect(hand.effects).toEqual([]);
    expect(hand.state.stack).toHaveLength(1);
    expect(coverKind(hand)).toBeUndefined();
  });

  test('turning to Back, or a hold, leaves where one was', () => {
    for (const leave of [(hand: Hand) => hand.turn(1).click(), (hand: Hand) => hand.hold()]) {
      const hand = new Hand(BOX).choose('sessions').show(failing('full'));
      leave(hand);
      expect(coverKind(hand)).toBeUndefined();
      expect(hand.screen).toMatchObject({ kind: 'list', list: 'sessions' });
      expect(hand.effects).toEqual([]);
      hand.show({ soundingNotes: 1 });
      expect(coverKind(hand), 'the same failure does not come back').toBeUndefined();
    }
  });

  test('a lock counts down, and a click before its end does nothing', () => {
    const retryAt = after(START, fromSeconds(28));
    const hand = new Hand(BOX).show(failing('locked', { retryAt }));
    expect(shows(hand, 'in 28 s')).toBe(true);
    expect(hand.click().effects).toEqual([]);
    expect(shows(hand.wait(27_000), 'Try again')).toBe(false);
    expect(shows(hand.wait(1_000), 'Try again')).toBe(true);
    expect(hand.click().effects).toEqual([{ kind: 'retry' }]);
  });

  test.each(['keyChanged', 'intercepted'] as const)(
    '%s is an alarm: it blinks, and Back is ready',
    (reason) => {
      const hand = new Hand(BOX).show(failing(reason));
      const first = hand.look().frame.slice();
      expect(hand.wait(400).look().frame).not.toEqual(first);
      expect(hand.click().effects).toEqual([]);
      expect(coverKind(hand)).toBeUndefined();
    },
  );

  test('a new failure of the same kind shows again', () => {
    const hand = new Hand(BOX).show(failing('hostGone')).hold().show(failing('hostGone'));
    expect(coverKind(hand)).toBe('failure');
  });

  test('the box that retries says what it waits for', () => {
    const hand = new Hand(BOX).show(failing('hostGone')).click();
    hand.show({ ...CONNECTING, failure: undefined });
    expect(shows(hand, 'Connecting')).toBe(true);
    expect(hand.hold().effects.at(-1)).toEqual({ kind: 'cancel' });
  });
});

describe('a guest at the door', () => {
  const guest = (model: PanelModel = HOSTING): Hand => new Hand(model).show({ codeShown: SHOWN });

  test('the code comes up by itself over any screen, and wakes the display', () => {
    const hand = new Hand(HOSTING).click().choose('participants').wait(400_000);
    expect(hand.look().brightness).toBe(0);
    hand.show({ codeShown: SHOWN });
    expect(coverKind(hand)).toBe('guest');
    expect(hand.look().brightness).toBe(1);
    expect(shows(hand, 'Anna wants to join')).toBe(true);
    expect(shows(hand, '2 tries')).toBe(true);
  });

  test('it waits for a knob that is being pressed, and the press does what it would have done', () => {
    const hand = new Hand(HOSTING).press().show({ codeShown: SHOWN }).wait(100);
    expect(coverKind(hand)).toBeUndefined();
    hand.release();
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'session' });
    expect(coverKind(hand)).toBeUndefined();
    expect(coverKind(hand.wait(250))).toBe('guest');
  });

  test('it waits for a knob that is being turned', () => {
    const hand = new Hand(HOSTING).click().turn(1).show({ codeShown: SHOWN });
    expect(coverKind(hand)).toBeUndefined();
    expect(hand.turn(1).chosen).toBe('tempo');
    expect(coverKind(hand.wait(600))).toBeUndefined();
    expect(coverKind(hand.wait(100))).toBe('guest');
  });

  test('a value that is being edited is edited on when it is gone', () => {
    const hand = new Hand(HOSTING).click().choose('tempo').turn(3).show({ codeShown: SHOWN });
    hand.wait(1_000);
    expect(coverKind(hand)).toBe('guest');
    hand.show({ codeShown: undefined });
    expect(hand.state.edit?.value).toBe(123);
    expect(hand.click().effects.at(-1)).toEqual({ kind: 'setTempo', bpm: 123 });
  });

  test('a hold refuses the guest', () => {
    const hand = guest().wait(100).hold();
    expect(hand.effects).toEqual([{ kind: 'refuseGuest' }]);
    expect(coverKind(hand)).toBeUndefined();
  });

  test('a click puts it aside, and the first entry of the session menu brings it back', () => {
    const hand = guest().click();
    expect(hand.effects).toEqual([]);
    expect(coverKind(hand)).toBeUndefined();
    expect(hand.click().chosen).toBe('guest');
    hand.show({ codeShown: { ...SHOWN, triesLeft: 1 } });
    expect(coverKind(hand), 'a wrong try does not bring it back').toBeUndefined();
    expect(coverKind(hand.click())).toBe('guest');
    expect(shows(hand, '1 try')).toBe(true);
  });

  test('turning does nothing to it', () => {
    const hand = guest().turn(5);
    expect(coverKind(hand)).toBe('guest');
    expect(hand.effects).toEqual([]);
  });

  test('the next guest, and a new code, come up again', () => {
    const hand = guest()
      .click()
      .show({ codeShown: { ...SHOWN, guest: 'Zoë' } });
    expect(coverKind(hand)).toBe('guest');
    hand.click().show({ codeShown: { ...SHOWN, guest: 'Zoë', code: '000001' } });
    expect(coverKind(hand)).toBe('guest');
  });

  test('it goes when the guest is in, or gone', () => {
    const hand = guest().show({ codeShown: undefined });
    expect(coverKind(hand)).toBeUndefined();
    expect(hand.screen.kind).toBe('live');
  });

  test('panic and the power menu work over it', () => {
    expect(guest().panic().effects).toEqual([{ kind: 'panic' }]);
    const hand = guest().press().wait(2_100).release();
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'power' });
  });
});

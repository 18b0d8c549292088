/** Into a session, hosting one, and out of it, with the knob alone: what the hand does, what is asked of the box. */
import { describe, expect, test } from 'vitest';
import { after, fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { coverOf } from '../../runtime/panel/covers.ts';
import { failureWords } from '../../runtime/panel/failures.ts';
import { textWidth, wrap } from '../../runtime/panel/font.ts';
import { CANVAS_WIDTH } from '../../runtime/panel/frame-buffer.ts';
import type { PanelCodeAsked } from '../../runtime/panel/joining-model.ts';
import { entriesOf } from '../../runtime/panel/menus.ts';
import type { PanelModel } from '../../runtime/panel/panel-model.ts';
import type { ListKind } from '../../runtime/panel/panel-state.ts';
import { showsText } from './find-text.ts';
import { Hand, START } from './hand.ts';
import {
  ASKED,
  BJORN,
  BOX,
  CONNECTING,
  CROWDED,
  failing,
  HOSTING,
  INES,
  INVITATION,
  JAMMING,
  SELF,
  SHOWN,
  SUNDAY,
  sessionId,
} from './sample-models.ts';
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

describe('hosting', () => {
  const person = (): Hand =>
    new Hand(HOSTING).click().choose('participants').choose(`participant ${INES.id}`);

  test('a participant is muted with one click', () => {
    expect(person().choose('mute').effects).toEqual([{ kind: 'mute', box: INES.id, on: true }]);
  });

  test('removing and handing over ask first, and no is ready', () => {
    expect(person().choose('remove').click().effects).toEqual([]);
    expect(person().choose('remove').turn(1).click().effects).toEqual([
      { kind: 'remove', box: INES.id },
    ]);
    const given = person().choose('handOver').turn(1).click();
    expect(given.effects).toEqual([{ kind: 'handOver', box: INES.id }]);
    expect(given.screen, 'back in the list').toMatchObject({ kind: 'list', list: 'person' });
    given.show({ session: SUNDAY });
    expect(given.screen, 'who hosts no more has nothing to do there').toMatchObject({
      ...{ kind: 'list', list: 'participants' },
    });
  });

  test('a participant who leaves takes the question about them along', () => {
    const hand = person().choose('remove').turn(1);
    hand.show({ session: { ...SUNDAY, host: SELF.id, participants: [SELF] } });
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'participants' });
    expect(hand.click().effects).toEqual([]);
  });

  test('guests read how others are heard, and are offered nothing that only the host may do', () => {
    const hand = new Hand(JAMMING).click();
    expect(() => new Hand(JAMMING).click().choose('lock')).toThrow('no entry');
    hand.choose('participants').choose(`participant ${INES.id}`);
    expect(hand.screen).toMatchObject({ kind: 'participant', id: INES.id });
  });

  test('host and muted ones are marked', () => {
    const marks = entriesOf({ list: 'participants' }, CROWDED).map((entry) => entry.marks);
    expect(marks).toEqual([[], ['host'], [], [], ['muted']]);
  });

  test('the session is locked and unlocked', () => {
    expect(new Hand(HOSTING).click().choose('lock').effects).toEqual([
      { kind: 'setLocked', locked: true },
    ]);
    const locked = { ...HOSTING, session: { ...SUNDAY, host: SELF.id, locked: true } };
    expect(new Hand(locked).click().choose('lock').effects).toEqual([
      { kind: 'setLocked', locked: false },
    ]);
  });

  test('in a locked session a guest is told why the tempo does not turn', () => {
    const hand = new Hand({ ...JAMMING, session: { ...SUNDAY, locked: true } }).click();
    hand.choose('tempo').turn(2);
    expect(hand.effects).toEqual([]);
    expect(hand.state.edit).toBeUndefined();
    expect(new Hand(hand.model).click().choose('tempo').state.toast?.text).toBe(
      'The host has locked the session.',
    );
  });

  test('whoever was removed is let back in, when asked and confirmed', () => {
    const hand = new Hand(HOSTING).click().choose('removed').click().turn(1).click();
    expect(hand.effects).toEqual([{ kind: 'letBackIn', box: 'f'.repeat(32) }]);
    hand.show({ session: { ...SUNDAY, host: SELF.id } });
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'session' });
  });

  test('an invitation is asked for once, shown as a picture and as text', () => {
    const hand = new Hand(HOSTING).click().choose('invite');
    expect(hand.effects).toEqual([{ kind: 'invite' }]);
    hand.show({ invitation: INVITATION }).turn(1);
    expect(shows(hand, 'togthr://jam.example.org')).toBe(true);
    hand.hold().choose('invite');
    expect(hand.effects).toHaveLength(1);
  });

  test('without a server there is nothing to invite with', () => {
    const { server, ...network } = HOSTING.network;
    const model = { ...HOSTING, network: { ...network, server: { ...server, address: '' } } };
    expect(() => new Hand(model).click().choose('invite')).toThrow('no entry');
  });
});

describe('tempo and metre', () => {
  test('clicks on the beat set the tempo from the third on', () => {
    const hand = new Hand(JAMMING).click().choose('tap');
    for (let tap = 0; tap < 3; tap++) hand.wait(340).tap();
    expect(hand.effects).toEqual([{ kind: 'setTempo', bpm: 150 }]);
    expect(shows(hand, 'Hold when it is right')).toBe(true);
  });

  test('clicks faster than a double click are taps, too', () => {
    const hand = new Hand(JAMMING).click().choose('tap');
    for (let tap = 0; tap < 8; tap++) hand.wait(150).tap();
    expect(hand.effects.at(-1)).toEqual({ kind: 'setTempo', bpm: 286 });
    expect(hand.screen.kind).toBe('tap');
  });

  test('the hold that leaves is no tap', () => {
    const hand = new Hand(JAMMING).click().choose('tap');
    for (let tap = 0; tap < 4; tap++) hand.wait(440).tap();
    const { length } = hand.effects;
    hand.wait(200).hold();
    expect(hand.effects).toHaveLength(length);
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'session' });
  });

  test('a pause begins a new count', () => {
    const hand = new Hand(JAMMING).click().choose('tap');
    for (let tap = 0; tap < 4; tap++) hand.wait(440).tap();
    hand.wait(3_000).tap().wait(940).tap().wait(940).tap();
    expect(hand.effects.at(-1)).toEqual({ kind: 'setTempo', bpm: 60 });
  });

  test('the metre is turned like any number', () => {
    const hand = new Hand(JAMMING).click().choose('metre').turn(3).click();
    expect(hand.effects.at(-1)).toEqual({ kind: 'setMetre', beatsPerBar: 7 });
  });

  test('what is of use while playing is in the session menu as well', () => {
    expect(new Hand(JAMMING).click().choose('setting midi.click').effects).toEqual([
      { kind: 'setSetting', key: 'midi.click', value: false, settled: true },
    ]);
  });
});

describe('known boxes and the network', () => {
  test('a known box is forgotten when asked and confirmed', () => {
    const hand = new Hand(BOX).choose('settings').choose('known').choose(`known ${BJORN.id}`);
    expect(hand.effects).toEqual([]);
    hand.turn(1).click();
    expect(hand.effects).toEqual([{ kind: 'forget', box: BJORN.id }]);
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'known' });
    hand.show({ known: BOX.known.slice(0, 1) });
    expect(hand.chosen, 'nothing is chosen in its place').toBeUndefined();
  });

  test('the network page says what there is, and what new links are', () => {
    const hand = new Hand(BOX).choose('settings').choose('network');
    expect(shows(hand, 'encrypted')).toBe(true);
    expect(shows(hand, '192.168.1.23')).toBe(true);
    hand.show({ network: { ...BOX.network, security: 'open' } });
    expect(shows(hand, 'OPEN')).toBe(true);
    for (const text of ['jam.example.org', 'online', 'NAT: direct works', 'directly']) {
      for (let line = 0; line < 9 && !shows(hand, text); line++) hand.turn(1);
      expect(shows(hand, text), text).toBe(true);
    }
  });

  test('a participant who is reached over a relay is seen so in the list and on its page', () => {
    const hand = new Hand(CROWDED).click().choose('participants');
    expect(shows(hand, 'relay 128ms')).toBe(true);
    hand.choose(`participant ${BJORN.id}`);
    expect(shows(hand, 'relayed')).toBe(true);
  });

  test('without a network the list of sessions says so', () => {
    const model = { ...BOX, found: [], network: { ...BOX.network, addresses: [] } };
    expect(shows(new Hand(model).choose('sessions'), 'No network')).toBe(true);
  });
});

describe('coming back', () => {
  test('Rejoin is the first entry, and one click', () => {
    expect(new Hand(BOX).chosen).toBe(`rejoin ${sessionId('1')}`);
    expect(new Hand(BOX).click().effects).toEqual([{ kind: 'rejoinLast' }]);
  });

  test('who is being reconnected with stands on the live screen, and nothing covers it', () => {
    const away = { ...INES, connected: false, route: undefined };
    const hand = new Hand({ ...JAMMING, session: { ...SUNDAY, participants: [SELF, away] } });
    expect(shows(hand, 'Inês')).toBe(true);
    expect(shows(hand, 'reconnecting')).toBe(true);
    expect(coverKind(hand)).toBeUndefined();
  });
});

describe('words on 128 pixels', () => {
  const LISTS: readonly ListKind[] = [
    ...(['home', 'session', 'sessions', 'participants', 'person', 'removed'] as const),
    ...(['settings', 'known', 'power'] as const),
  ];
  const models: Readonly<Record<string, PanelModel>> = {
    BOX,
    JAMMING,
    HOSTING: { ...HOSTING, codeShown: SHOWN },
    LOCKED: { ...JAMMING, session: { ...SUNDAY, locked: true } },
  };

  test.each(Object.keys(models))('no label or value of %s is cut', (name) => {
    const model = models[name] ?? BOX;
    for (const list of LISTS) {
      for (const entry of entriesOf({ list, about: INES.id }, model)) {
        const { action } = entry;
        const own = entry.value ?? '';
        // A number at its widest; texts that the player wrote pass by when they are too long.
        const number = action.kind === 'edit' && action.field.kind === 'number';
        const value = number ? '300 ms' : own;
        const room = CANVAS_WIDTH - 3 - 8 - 5 - (entry.marks?.length ?? 0) * 10;
        if (entry.label.includes('Teaching studio')) continue;
        expect(
          textWidth(entry.label) + textWidth(value),
          `${list}: ${entry.label}`,
        ).toBeLessThanOrEqual(room);
      }
    }
  });

  test('the longest questions about a box with a usual name fit', () => {
    const hand = new Hand(HOSTING).click().choose('participants').choose(`participant ${INES.id}`);
    for (const key of ['handOver', 'remove']) {
      hand.choose(key);
      const { screen } = hand;
      if (screen.kind !== 'confirm') throw new Error('it asks');
      expect(wrap(screen.question, CANVAS_WIDTH, 9).length).toBeLessThanOrEqual(3);
      hand.hold();
    }
  });

  test('the countdown asks to be drawn again when it changes', () => {
    const hand = new Hand(HOSTING).show({ codeShown: SHOWN }).wait(250);
    const due = hand.look().changesAt;
    expect(due).toBeDefined();
    expect((due ?? 0) - hand.now).toBeLessThanOrEqual(fromMillis(1_000));
  });
});

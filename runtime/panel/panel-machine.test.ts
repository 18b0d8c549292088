import { describe, expect, test } from 'vitest';
import { Hand } from '../../tests/panel/hand.ts';
import {
  BJORN,
  BOX,
  CROWDED,
  FRESH_BOX,
  INES,
  JAMMING,
  SELF,
  SUNDAY,
  sessionId,
} from '../../tests/panel/sample-models.ts';
import { fromSeconds } from '../core/time.ts';
import { entriesOf } from './menus.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';

const kinds = (effects: readonly PanelEffect[]): string[] => effects.map(({ kind }) => kind);

describe('joining', () => {
  test('the first click after power-on rejoins the last session', () => {
    expect(new Hand(BOX).click().effects).toEqual([{ kind: 'rejoinLast' }]);
  });

  test('"Rejoin" is what is chosen even when it becomes known after power-on', () => {
    const hand = new Hand({ ...BOX, last: undefined }).show({ last: BOX.last });
    expect(hand.click().effects).toEqual([{ kind: 'rejoinLast' }]);
  });

  test('a found session is joined by turning to it and clicking', () => {
    const hand = new Hand(BOX).choose('sessions').choose(`found ${sessionId('3')}`);
    expect(hand.effects).toEqual([{ kind: 'join', session: sessionId('3') }]);
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'home' });
  });

  test('a double click on a session goes home and joins nothing', () => {
    const hand = new Hand(BOX).choose('sessions').turn(2).double();
    expect(hand.effects).toEqual([]);
    expect(hand.screen).toMatchObject({ list: 'home' });
  });

  test('a click on a session is marked at once and joins 250 ms later', () => {
    const hand = new Hand(BOX).choose('sessions').turn(1).tap();
    expect(hand.state.clicked).toBe(`found ${sessionId('1')}`);
    expect(hand.wait(249).effects).toEqual([]);
    expect(kinds(hand.wait(1).effects)).toEqual(['join']);
  });

  test('a session that appears above the chosen one does not slip under the hand', () => {
    const newcomer = { session: sessionId('9'), name: 'A', tempo: 90, participants: 1, host: 'A' };
    const hand = new Hand(BOX).choose('sessions').turn(2).tap();
    hand.show({ found: [newcomer, ...BOX.found] }).wait(300);
    expect(hand.effects).toEqual([{ kind: 'join', session: sessionId('2') }]);
  });

  test('sessions of the same name are told apart by their hosts', () => {
    const twin = {
      session: sessionId('9'),
      name: 'Sunday jam',
      tempo: Number.NaN,
      participants: 1e9,
      host: 'Attic',
    };
    const labels = entriesOf({ list: 'sessions' }, { ...BOX, found: [...BOX.found, twin] });
    expect(labels.map(({ label, value }) => `${label} ${value ?? ''}`)).toEqual([
      'Rejoin Sunday jam ',
      'Sunday jam (Inês) ♪120 2p',
      'Teaching studio, grade three ♪92 11p',
      'Köln–Genève ♪140 3p',
      'Sunday jam (Attic) ♪– –p',
      'New session ',
    ]);
  });

  test('when the chosen session goes away a click joins no other', () => {
    const hand = new Hand(BOX).choose('sessions').turn(2);
    hand.show({ found: BOX.found.filter(({ session }) => session !== sessionId('2')) });
    expect(hand.chosen).toBeUndefined();
    expect(hand.click().effects).toEqual([]);
    expect(hand.turn(1).chosen).toBe(`found ${sessionId('3')}`);
  });

  test('a session that goes away right after the click is not joined, and the panel says so', () => {
    const hand = new Hand(BOX).choose('sessions').turn(2).tap().show({ found: [] }).wait(300);
    expect(hand.effects).toEqual([]);
    expect(hand.state.toast?.text).toBe('It is no longer there.');
  });

  test('a "Rejoin" that turns into another one right after the click is not taken', () => {
    const last = { session: sessionId('2'), name: 'Another' };
    const hand = new Hand(BOX).tap().show({ last }).wait(300);
    expect(hand.effects).toEqual([]);
    expect(hand.state.toast?.text).toBe('It is no longer there.');
  });

  test('a click that ends in a hold is forgotten', () => {
    const hand = new Hand(BOX).turn(2).tap().wait(100).hold();
    expect(hand.state.clicked).toBeUndefined();
    hand.choose('settings');
    expect(hand.effects).toEqual([]);
    expect(hand.state.toast).toBeUndefined();
  });

  test('once joined, the live screen shows', () => {
    const hand = new Hand(BOX).choose('sessions').turn(1).click().show(JAMMING);
    expect(hand.screen.kind).toBe('live');
  });

  test('waiting covers the screen: a hold cancels, a click does nothing', () => {
    const waiting = { doing: 'Joining', name: 'Sunday jam' };
    const hand = new Hand(BOX).show({ waiting }).click().turn(2);
    expect(hand.effects).toEqual([]);
    expect(kinds(hand.hold().effects)).toEqual(['cancel']);
    expect(hand.show({ waiting: { ...waiting } }).click().effects).toHaveLength(2);
  });

  test('another wait after a cancelled one shows again', () => {
    const waiting = { doing: 'Joining', name: 'Sunday jam' };
    const hand = new Hand(BOX).show({ waiting }).hold().show({ waiting: undefined });
    hand.show({ waiting }).click();
    expect(kinds(hand.effects)).toEqual(['cancel']);
  });
});

describe('in a session', () => {
  test('leaving asks first, and the answer that is ready is no', () => {
    const hand = new Hand(JAMMING).click().choose('leave');
    expect(hand.click().effects).toEqual([]);
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'session' });
    expect(hand.click().turn(1).click().effects).toEqual([{ kind: 'leave' }]);
  });

  test('another session is joined only after a yes', () => {
    const hand = new Hand(JAMMING)
      .click()
      .choose('sessions')
      .choose(`found ${sessionId('2')}`);
    expect(hand.effects).toEqual([]);
    expect(hand.turn(1).click().effects).toEqual([{ kind: 'join', session: sessionId('2') }]);
  });

  test('a mode takes effect when it is clicked, not on the way to it', () => {
    const hand = new Hand(JAMMING).click().choose('mode').turn(2);
    expect(hand.effects).toEqual([]);
    expect(hand.click().effects).toEqual([{ kind: 'setMode', mode: 'tight' }]);
  });

  test('a mode that is held away from stays as it was', () => {
    expect(new Hand(JAMMING).click().choose('mode').turn(2).hold().effects).toEqual([]);
  });

  test('the tempo follows the knob, and a hold puts the old one back', () => {
    const hand = new Hand(JAMMING).click().choose('tempo').turn(2).hold();
    expect(hand.effects).toEqual([121, 122, 120].map((bpm) => ({ kind: 'setTempo', bpm })));
  });

  test('a role set by hand can be given back to the box', () => {
    const self = { ...SELF, roleByHand: true };
    const session = { ...SUNDAY, participants: [self, INES] };
    const hand = new Hand({ ...JAMMING, session }).click().choose('role').turn(-4).click();
    expect(hand.effects).toEqual([{ kind: 'setRole', role: null }]);
  });

  test('play and stop are one click', () => {
    const hand = new Hand(JAMMING).click().choose('playing');
    expect(hand.effects).toEqual([{ kind: 'setPlaying', playing: false }]);
  });

  test('a page about a player who leaves is left', () => {
    const hand = new Hand(CROWDED).click().click().choose(`participant ${BJORN.id}`);
    expect(hand.choose('figures').screen.kind).toBe('participant');
    hand.show({ session: { ...SUNDAY, participants: [SELF] } });
    expect(hand.screen).toMatchObject({ kind: 'list', list: 'participants' });
  });

  test('when the session ends its pages are left, and settings stay', () => {
    expect(new Hand(JAMMING).click().choose('leave').show(BOX).screen).toMatchObject({
      list: 'home',
    });
    const hand = new Hand(JAMMING).hold(2_100).show(BOX);
    expect(hand.screen).toMatchObject({ list: 'power' });
  });

  test('a double click shows the live screen from anywhere, and undoes no finished edit', () => {
    const hand = new Hand(JAMMING).click().choose('tempo').turn(1).double();
    expect(hand.screen.kind).toBe('live');
    expect(hand.effects.at(-1)).toEqual({ kind: 'setTempo', bpm: 121 });
  });
});

describe('settings', () => {
  const settings = (model: PanelModel = BOX): Hand => new Hand(model).choose('settings');

  test('a number is applied while it turns and stored when clicked', () => {
    const hand = settings().choose('setting brightness').turn(-2).click();
    expect(hand.effects).toEqual([
      { kind: 'setSetting', key: 'brightness', value: 75, settled: false },
      { kind: 'setSetting', key: 'brightness', value: 70, settled: false },
      { kind: 'setSetting', key: 'brightness', value: 70, settled: true },
    ]);
  });

  test('a number stops at its ends, however fast the knob is spun', () => {
    const hand = settings().choose('setting lateLimit').spin(900).spin(900);
    expect(hand.effects.at(-1)).toMatchObject({ value: 500 });
    expect(hand.spin(-9_000).effects.at(-1)).toMatchObject({ value: 0 });
  });

  test('the power menu puts back what was being turned', () => {
    const hand = settings().choose('setting brightness').turn(-2).hold(2_100);
    expect(hand.effects.at(-1)).toMatchObject({ value: 80, settled: true });
  });

  test('a switch takes one click, and none of a double click', () => {
    expect(settings().choose('setting thru').effects).toEqual([
      { kind: 'setSetting', key: 'thru', value: false, settled: true },
    ]);
    expect(settings().double().effects).toEqual([]);
  });

  test('a name is written letter by letter; a double click is two letters', () => {
    const hand = settings().choose('setting name').turn(1);
    for (let i = 0; i < 9; i++) hand.click();
    hand.turn(1).click().turn(1).double().turn(-3).click();
    expect(hand.effects).toEqual([
      { kind: 'setSetting', key: 'name', value: 'abb', settled: true },
    ]);
  });

  test('a name is never longer than it may be, and never nothing', () => {
    const hand = settings().choose('setting name').turn(2);
    for (let i = 0; i < 60; i++) hand.tap().wait(300);
    expect(hand.screen).toMatchObject({ draft: `Küche${'a'.repeat(19)}` });
    hand.turn(-1);
    for (let i = 0; i < 60; i++) hand.tap().wait(300);
    expect(hand.turn(-1).click().effects).toEqual([]);
  });

  test('a setting that goes away while it is turned is left alone', () => {
    const hand = settings().choose('setting lateLimit').turn(1).show({ settings: [] });
    expect(hand.state.edit).toBeUndefined();
    expect(hand.turn(1).click().effects).toHaveLength(1);
  });
});

describe('panic, power and sleep', () => {
  test('pushing and turning three detents silences everything', () => {
    const hand = new Hand(JAMMING).panic();
    expect(hand.effects).toEqual([{ kind: 'panic' }]);
    expect(hand.state.toast?.text).toBe('All notes off');
  });

  test('panic works on a blank display, and wakes it', () => {
    const hand = new Hand(JAMMING).wait(400_000).panic();
    expect(hand.effects).toEqual([{ kind: 'panic' }]);
    expect(hand.look().brightness).toBe(1);
  });

  test('restarting asks first', () => {
    const hand = new Hand(BOX).hold(2_100).choose('restart');
    expect(hand.effects).toEqual([]);
    expect(hand.turn(1).click().effects).toEqual([{ kind: 'restart' }]);
  });

  test('the power menu offers only what the machine can do', () => {
    expect(() => new Hand(FRESH_BOX).hold(2_100).choose('restart')).toThrow('no entry');
  });

  test('the power menu opens while something is waited for', () => {
    const hand = new Hand(BOX).show({ waiting: { doing: 'Joining', name: 'x' } }).hold(2_100);
    expect(hand.choose('panic').effects.at(-1)).toEqual({ kind: 'panic' });
  });

  test('the display dims after a minute and blanks after five', () => {
    const hand = new Hand(BOX);
    expect(hand.wait(59_999).look().brightness).toBe(1);
    expect(hand.wait(1).look().brightness).toBeCloseTo(0.2);
    expect(hand.wait(239_999).look().brightness).toBeCloseTo(0.2);
    const { brightness, frame } = hand.wait(1).look();
    expect(brightness).toBe(0);
    expect(frame.every((octet) => octet === 0)).toBe(true);
  });

  test('it dims and goes dark when the settings say so, and never when they say 0', () => {
    const minutes = (dim: number, blank: number) => ({
      sparing: { dimAfter: fromSeconds(60 * dim), blankAfter: fromSeconds(60 * blank) },
    });
    expect(new Hand(BOX).show(minutes(0, 0)).wait(86_400_000).look().brightness).toBe(1);
    expect(new Hand(BOX).show(minutes(2, 0)).wait(86_400_000).look().brightness).toBeCloseTo(0.2);
    const darkOnly = new Hand(BOX).show(minutes(0, 2));
    expect(darkOnly.wait(119_999).look().brightness).toBe(1);
    expect(darkOnly.wait(1).look().brightness).toBe(0);
  });

  test('turning a blank panel wakes it and moves nothing until the spin pauses', () => {
    const hand = new Hand(BOX).wait(400_000).turn(1).turn(3);
    expect(hand.look().brightness).toBe(1);
    expect(hand.chosen).toBe(`rejoin ${sessionId('1')}`);
    expect(hand.wait(400).turn(1).chosen).toBe('sessions');
  });

  test('a click on a blank panel wakes it and chooses nothing', () => {
    const hand = new Hand(BOX).wait(400_000).click();
    expect(hand.effects).toEqual([]);
    expect(hand.click().effects).toEqual([{ kind: 'rejoinLast' }]);
  });

  test('notes wake the panel, but not when the player switched the display off', () => {
    const hand = new Hand(BOX).wait(400_000).notes();
    expect(hand.look().brightness).toBe(1);
    hand.hold(2_100).choose('sleep');
    expect(hand.notes().look().brightness).toBe(0);
    expect(hand.turn(1).look().brightness).toBe(1);
  });

  test('a message wakes the panel, goes away by itself, and a click only puts it away', () => {
    const message = { text: 'Nobody answers at 10.0.0.9.', tone: 'error' } as const;
    const hand = new Hand(BOX).wait(400_000).show({ message });
    expect(hand.look().brightness).toBe(1);
    expect(hand.wait(5_999).state.toast).toBeDefined();
    expect(hand.wait(1).state.toast).toBeUndefined();
    hand.show({ message: { ...message } }).click();
    expect(hand.effects).toEqual([]);
    expect(hand.state.toast).toBeUndefined();
    expect(hand.show({ found: [] }).state.toast).toBeUndefined();
  });
});

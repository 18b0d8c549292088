/** In a session with the knob alone: its people, its time, its networks. */
import { describe, expect, test } from 'vitest';
import { coverOf } from '../../runtime/panel/covers.ts';
import { heardInShort, heardInWords } from '../../runtime/panel/hearing.ts';
import { entriesOf } from '../../runtime/panel/menus.ts';
import type { PanelModel } from '../../runtime/panel/panel-model.ts';
import { showsText } from './find-text.ts';
import { Hand } from './hand.ts';
import {
  BJORN,
  BOX,
  CROWDED,
  HOSTING,
  hearing,
  INES,
  INVITATION,
  JAMMING,
  SELF,
  SUNDAY,
  sessionId,
} from './sample-models.ts';

const coverKind = (hand: Hand): string | undefined => coverOf(hand.state, hand.model)?.kind;
const shows = (hand: Hand, text: string): boolean => showsText(hand.look().frame, text);

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
    const left = entriesOf({ list: 'person', about: INES.id }, given.model).map(({ key }) => key);
    expect(left, 'who hosts no more may do nothing to them').toEqual([
      ...['heard', 'mode', 'wet', 'figures'],
    ]);
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
    expect(() => hand.choose('mute')).toThrow('no entry');
    hand.turn(-9).choose('heard');
    expect(hand.screen).toMatchObject({ kind: 'heard', id: INES.id });
  });

  test('a player is heard in a mode of their own, or again as all are', () => {
    const set = (model: PanelModel, turns: number): Hand =>
      new Hand(model)
        .click()
        .choose('participants')
        .choose(`participant ${INES.id}`)
        .choose('mode')
        .turn(turns)
        .click();
    const box = INES.id;
    expect(set(JAMMING, 2).effects).toEqual([{ kind: 'setPlayerMode', box, mode: 'live' }]);
    const wished = hearing({ wish: 'live', inUse: 'live', reason: 'set' });
    expect(set(wished, -2).effects).toEqual([{ kind: 'setPlayerMode', box, mode: null }]);
  });

  test('how much of a player is predicted follows the knob, and a hold puts it back', () => {
    const hand = new Hand(JAMMING).click().choose('participants');
    hand.choose(`participant ${INES.id}`).choose('wet').turn(-1).turn(-1).hold(500);
    const wets = hand.effects.map((one) => (one.kind === 'setPlayerWet' ? one.wet : one.kind));
    expect(wets).toEqual([0.95, 0.9, 1]);
  });

  test('a part that is carried on says so where the others say how far away they are', () => {
    const carried = hearing({ carriedOn: 1.3 });
    expect(heardInShort(INES.id, carried)).toBe('alone');
    expect(heardInWords(INES.id, carried)).toBe('Link gone: carried on, 2 bars left.');
    expect(heardInWords(INES.id, JAMMING)).toBe('Tight: 33ms away.');
    expect(heardInShort(INES.id, hearing({ inUse: 'live' }))).toBe('41ms');
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
    hand.choose(`participant ${BJORN.id}`).choose('figures');
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

/** Two players who have never met, each before a box: joining, hosting and parting with the knobs alone. */
import jsqr from 'jsqr';
import { describe, expect, test } from 'vitest';
import { fromSeconds } from '../../runtime/core/time.ts';
import { photograph } from './photograph.ts';
import { openStage, type Player, type Stage } from './stage.ts';

async function host(stage: Stage, name = 'Ada'): Promise<Player> {
  const ada = await stage.open(name, { settings: { session: { name: 'Cellar' } } });
  await ada.choose('New session');
  await ada.sees('Waiting for players');
  return ada;
}

async function asking(stage: Stage, name = 'Ben'): Promise<Player> {
  const ben = await stage.open(name);
  await ben.choose('Sessions');
  await ben.sees('Cellar');
  await ben.choose('Cellar');
  await ben.sees('Code shown by');
  return ben;
}

/** What the host's display shows, as its player would read it out. */
function codeOn(player: Player): string {
  const { code } = player.box.session.code ?? {};
  if (code === undefined) throw new Error(`${player.name} shows no code`);
  return code;
}

const wrong = (code: string): string => (code === '111111' ? '222222' : '111111');

describe('first contact', () => {
  test('the code is shown on one display, entered on the other, and both hear each other over a closed lock', async () => {
    await using stage = await openStage();
    const ada = await host(stage);
    const ben = await asking(stage);
    await ada.sees('Ben wants to join');
    expect(ben.shows('Ada')).toBe(true);
    await ben.enter(codeOn(ada));
    await ben.click();
    await ben.sees('Ada');
    await ada.sees('You');
    await stage.until('the link is up', () => ada.box.session.context?.participants.length === 2);
    expect(ada.shows('wants to join')).toBe(false);
    const routes = ben.box.session.context?.participants.map(({ self, route }) => self || route);
    expect(routes).toEqual([true, 'local']);
    expect(ben.box.session.known.map(({ name }) => name)).toEqual(['Ada']);
    expect(ada.box.session.known.map(({ name }) => name)).toEqual(['Ben']);
  }, 30_000);

  test('who has met once needs no code again, until forgotten', async () => {
    await using stage = await openStage({ seed: 2 });
    const ada = await host(stage);
    const ben = await asking(stage);
    await ben.enter(codeOn(ada));
    await ben.click();
    await stage.until('in', () => ben.box.session.context?.participants.length === 2);
    await ben.click();
    await ben.choose('Leave session');
    await ben.turn(1);
    await ben.click();
    await stage.until('out', () => ben.box.session.context === undefined);
    await ben.choose('Rejoin Cellar');
    await stage.until('in again', () => ben.box.session.context?.participants.length === 2);
    expect(ada.box.session.code).toBeUndefined();
  }, 30_000);

  test('a wrong code says how many tries are left; three of them lock, with the time', async () => {
    await using stage = await openStage({ seed: 3 });
    const ada = await host(stage);
    const ben = await asking(stage);
    const bad = wrong(codeOn(ada));
    for (const left of ['2 tries', '1 try']) {
      await ben.enter(bad);
      await ben.click();
      await ben.sees('Wrong code');
      expect(ben.shows(left)).toBe(true);
    }
    await ben.enter(bad);
    await ben.click();
    await stage.until('refused', () => ben.box.flow.failure !== undefined);
    expect(['wrongCode', 'locked']).toContain(ben.box.flow.failure?.reason);
    await ben.click();
    await ben.sees('Too many tries');
    expect(ben.box.flow.failure?.retryAt).toBeDefined();
    expect(ada.box.session.context?.participants).toHaveLength(1);
  }, 60_000);

  test('the host refuses by a hold, and the guest is told', async () => {
    await using stage = await openStage({ seed: 4 });
    const ada = await host(stage);
    const ben = await asking(stage);
    await ada.sees('Ben wants to join');
    await ada.hold();
    await ben.sees('Not let in');
    expect(ada.shows('wants to join')).toBe(false);
  }, 30_000);

  test('another box under the name of a known one is warned of before any digit, on the way in', async () => {
    await using stage = await openStage({ seed: 18 });
    const ada = await host(stage);
    const ben = await asking(stage);
    await ben.enter(codeOn(ada));
    await ben.click();
    await stage.until('in', () => ben.box.session.context?.participants.length === 2);
    await ben.switchOff();
    await ada.switchOff();
    const impostor = await stage.open('Eve', {
      calls: 'Ada',
      settings: { session: { name: 'Attic' } },
    });
    await impostor.choose('New session');
    const again = await stage.open('Ben');
    await again.choose('Sessions');
    await again.choose('Attic');
    await again.sees('know: it has another');
    await again.click();
    await stage.until('given up', () => again.box.flow.waiting === undefined);
    expect(again.box.session.context).toBeUndefined();
    expect(again.box.session.known).toHaveLength(1);
  }, 60_000);

  test('two strangers at once: one after the other', async () => {
    await using stage = await openStage({ seed: 13 });
    const ada = await host(stage);
    const ben = await asking(stage);
    const cem = await stage.open('Cem');
    await cem.choose('Sessions');
    await cem.choose('Cellar');
    await cem.sees('One at a time');
    expect(ada.shows('Ben wants to join')).toBe(true);
    await ben.enter(codeOn(ada));
    await ben.click();
    await stage.until('Ben is in', () => ben.box.session.context?.participants.length === 2);
    await cem.click();
    await ada.sees('Cem wants to join');
    await cem.enter(codeOn(ada));
    await cem.click();
    await stage.until('all are in', () =>
      [ada, ben, cem].every(({ box }) => box.session.context?.participants.length === 3),
    );
  }, 60_000);

  test('a guest who gives up takes the code off the host’s display', async () => {
    await using stage = await openStage({ seed: 5 });
    const ada = await host(stage);
    const ben = await asking(stage);
    await ada.sees('Ben wants to join');
    await ben.hold();
    await stage.until('the code is gone', () => !ada.shows('wants to join'));
    expect(ben.box.flow.waiting).toBeUndefined();
    expect(ben.box.flow.failure).toBeUndefined();
  }, 30_000);

  test('nobody enters it in time: both are told', async () => {
    await using stage = await openStage({ seed: 6 });
    const ada = await host(stage);
    const ben = await asking(stage);
    await stage.run(fromSeconds(125));
    await ben.sees('Code expired');
    expect(ada.shows('wants to join')).toBe(false);
  }, 60_000);

  test('the host is unplugged while the code is entered', async () => {
    await using stage = await openStage({ seed: 7 });
    const ada = await host(stage);
    const ben = await asking(stage);
    stage.network.host(ada.address).disconnect();
    await stage.until('told', () => ben.box.flow.failure !== undefined, fromSeconds(30));
    await ben.sees('Host is gone');
  }, 60_000);

  test('a box without a network is told that this is why', async () => {
    await using stage = await openStage({ seed: 8 });
    await host(stage);
    const ben = await stage.open('Ben');
    await ben.choose('Sessions');
    await ben.sees('Cellar');
    stage.network.host(ben.address).disconnect();
    await ben.choose('Cellar');
    await stage.until('told', () => ben.box.flow.failure !== undefined, fromSeconds(30));
    await ben.sees('No network');
    stage.network.host(ben.address).reconnect();
    await ben.click();
    await ben.sees('Code shown by');
  }, 60_000);
});

describe('by an invitation', () => {
  test('the host invites with two clicks, and whoever has the link is let in without a code', async () => {
    await using stage = await openStage({ seed: 14, online: true });
    const ada = await host(stage);
    const ben = await stage.open('Ben', { elsewhere: true });
    await ada.click();
    await ada.choose('Invite');
    await ada.sees('Scan to join');
    const link = jsqr.default(...photograph(ada.panel.display.frame, 4))?.data ?? '';
    expect(link).toMatch(/^https:\/\//);
    await ada.turn(1);
    expect(ada.text.rows.join('')).toContain('togthr://');
    const joined = ben.box.flow.openInvitation(link);
    await stage.until('both are in', () =>
      [ada, ben].every(({ box }) => box.session.context?.participants.length === 2),
    );
    expect(await joined).toEqual({ kind: 'done' });
    expect(ada.box.session.code).toBeUndefined();
  }, 60_000);

  test('a server that does not answer is told apart from a host that is gone', async () => {
    await using stage = await openStage({ seed: 15, online: true });
    const ada = await host(stage);
    await ada.click();
    await ada.choose('Invite');
    await ada.sees('Scan to join');
    const link = jsqr.default(...photograph(ada.panel.display.frame, 4))?.data ?? '';
    const ben = await stage.open('Ben', { elsewhere: true });
    stage.server.setUp(false, ben.box.id);
    void ben.box.flow.openInvitation(link);
    await ben.sees('No server');
    await ben.hold();
    await ben.choose('Settings');
    await ben.choose('Network');
    await ben.turn(9);
    await ben.sees('jam.example.org');
    stage.server.setUp(true, ben.box.id);
    await stage.run(fromSeconds(2));
    await ben.sees('online');
  }, 60_000);
});

describe('hosting by the knob', () => {
  async function together(stage: Stage): Promise<readonly [Player, Player]> {
    const ada = await host(stage);
    const ben = await asking(stage);
    await ben.enter(codeOn(ada));
    await ben.click();
    const both = (): boolean =>
      [ada, ben].every(({ box }) => box.session.context?.participants.length === 2);
    await stage.until('both are in', both);
    return [ada, ben];
  }

  test('mute, remove and let back in', async () => {
    await using stage = await openStage({ seed: 9 });
    const [ada, ben] = await together(stage);
    await ada.click();
    await ada.choose('Participants');
    await ada.choose('Ben');
    await ada.choose('Muted');
    await stage.until('muted', () => ben.box.session.context?.participants[0]?.muted === true);
    await ada.choose('Remove');
    await ada.turn(1);
    await ada.click();
    await ben.sees('You were removed');
    await stage.until('alone', () => ada.box.session.context?.participants.length === 1);
    await ben.click();
    await ben.sees('You were removed');
    await ada.hold();
    await ada.choose('Removed');
    await ada.choose('Ben');
    await ada.turn(1);
    await ada.click();
    await stage.run(fromSeconds(1));
    await ben.click();
    await stage.until('back', () => ben.box.session.context?.participants.length === 2);
  }, 60_000);

  test('the session is handed over, and everybody reads who hosts now', async () => {
    await using stage = await openStage({ seed: 10 });
    const [ada, ben] = await together(stage);
    await ada.click();
    await ada.choose('Participants');
    await ada.choose('Ben');
    await ada.choose('Make host');
    await ada.turn(1);
    await ada.click();
    await ben.sees('You host now');
    await ada.sees('Ben hosts now');
  }, 60_000);

  test('a locked session keeps its tempo', async () => {
    await using stage = await openStage({ seed: 11 });
    const [ada, ben] = await together(stage);
    await ada.click();
    await ada.choose('Locked');
    await stage.until('locked', () => ben.box.session.context?.locked === true);
    await ben.click();
    await ben.choose('Tempo');
    await ben.sees('The host has locked');
  }, 60_000);

  test('a box that was restarted says that it rejoins, and needs no code', async () => {
    await using stage = await openStage({ seed: 16 });
    const [ada, ben] = await together(stage);
    await ben.switchOff();
    const again = await stage.open('Ben');
    const rejoined = again.box.flow.rejoin();
    // It takes less time than a display takes to show it.
    expect(again.box.flow.waiting).toEqual({ doing: 'Rejoining', name: 'Cellar' });
    await stage.until('back', () => again.box.session.context?.participants.length === 2);
    expect(await rejoined).toEqual({ kind: 'done' });
    expect(ada.box.session.code).toBeUndefined();
  }, 60_000);

  test('the host goes: who takes over is told, and the session goes on', async () => {
    await using stage = await openStage({ seed: 17 });
    const [ada, ben] = await together(stage);
    await ada.switchOff();
    await ben.sees('You host now');
    expect(ben.box.session.context?.name).toBe('Cellar');
  }, 60_000);

  test('whose link dropped is named while it is being found again', async () => {
    await using stage = await openStage({ seed: 12 });
    const [ada, ben] = await together(stage);
    stage.network.host(ben.address).disconnect();
    await ada.sees('reconnecting');
    stage.network.host(ben.address).reconnect();
    await stage.until('back', () => !ada.shows('reconnecting'), fromSeconds(20));
  }, 60_000);
});

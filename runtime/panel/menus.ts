/**
 * The entries of each from the model alone. Pure.
 *
 * Entries are found by key, which names the thing (a session's id, a setting's key), never the place in the list.
 */
import { confirms, does, type Entry, named, opens } from './menu-entry.ts';
import type { PanelEffect, PanelModel, PanelSession } from './panel-model.ts';
import { type ListScreen, openList } from './panel-state.ts';
import {
  doorEntries,
  knownEntries,
  participantEntries,
  personEntries,
  personName,
  removedEntries,
} from './people-entries.ts';
import { jamEntries } from './session-entries.ts';
import { settingEntry } from './setting-entry.ts';
import { inNumber } from './wording.ts';

/** Of a list, what its entries depend on. */
type List = Pick<ListScreen, 'list' | 'about'>;

export function listTitle({ list, about }: List, model: PanelModel): string {
  switch (list) {
    case 'home':
      return model.boxName;
    case 'session':
      return model.session?.name ?? 'Session';
    case 'sessions':
      return 'Sessions';
    case 'participants':
      return 'Participants';
    case 'person':
      return personName(about, model);
    case 'removed':
      return 'Removed';
    case 'settings':
      return 'Settings';
    case 'known':
      return 'Known boxes';
    case 'power':
      return 'Power';
  }
}

export function entriesOf({ list, about }: List, model: PanelModel): readonly Entry[] {
  switch (list) {
    case 'home':
      return [...rejoin(model), sessionsEntry(model), createEntry, ...boxEntries(model)];
    case 'session':
      return sessionEntries(model);
    case 'sessions':
      return model.session === undefined ? joinEntries(model) : switchEntries(model);
    case 'participants':
      return participantEntries(model);
    case 'person':
      return personEntries(about, model);
    case 'removed':
      return removedEntries(model);
    case 'settings':
      return [...model.settings.map(settingEntry), ...networkEntries(model)];
    case 'known':
      return knownEntries(model);
    case 'power':
      return powerEntries(model);
  }
}

function rejoin({ last, session }: PanelModel): Entry[] {
  if (last === undefined || session !== undefined) return [];
  return [
    does(`rejoin ${last.session}`, `Rejoin ${named(last.name)}`, { kind: 'rejoinLast' }, true),
  ];
}

const createEntry: Entry = does('create', 'New session', { kind: 'create' }, true);

function sessionsEntry(model: PanelModel): Entry {
  const others = model.found.filter((found) => found.session !== model.session?.session).length;
  return opens(
    'sessions',
    model.session ? 'Other sessions' : 'Sessions',
    openList('sessions'),
    `${others}`,
  );
}

function networkEntries({ known, network }: PanelModel): Entry[] {
  return [
    opens('known', 'Known boxes', openList('known'), `${known.length}`),
    opens('network', 'Network', { kind: 'network', top: 0 }, SERVER_WORDS[network.server.state]),
  ];
}
const SERVER_WORDS = { off: '', connecting: '…', online: 'online', offline: 'offline' } as const;

function boxEntries(model: PanelModel): Entry[] {
  const missing = model.devices.some((device) => !device.present);
  const present = model.devices.filter((device) => device.present).length;
  const value = missing ? 'missing!' : present === 0 ? 'none' : `${present}`;
  return [
    opens('devices', 'MIDI', { kind: 'devices', top: 0 }, value),
    opens('settings', 'Settings', openList('settings')),
    opens('about', 'About', { kind: 'about', top: 0 }),
  ];
}

function foundEntry(found: PanelSession, model: PanelModel, action: Entry['action']): Entry {
  const name = named(found.name);
  const twins = model.found.filter((other) => named(other.name) === name).length > 1;
  return {
    key: `found ${found.session}`,
    label: twins && found.host !== '' ? `${name} (${found.host})` : name,
    value: `♪${inNumber(found.tempo)} ${inNumber(found.participants)}p`,
    action,
  };
}

function joinEntries(model: PanelModel): Entry[] {
  const found = model.found.map((one) =>
    foundEntry(one, model, {
      kind: 'do',
      effect: { kind: 'join', session: one.session },
      closes: true,
    }),
  );
  const alone = model.network.addresses?.length === 0;
  const label = alone ? 'No network' : 'Searching…';
  const searching: Entry = { key: 'searching', label, action: { kind: 'none' } };
  return [...rejoin(model), ...(found.length > 0 ? found : [searching]), createEntry];
}

function switchEntries(model: PanelModel): Entry[] {
  const here = model.session;
  if (here === undefined) return [];
  const others = model.found
    .filter((found) => found.session !== here.session)
    .map((found) => {
      const question = `Leave “${named(here.name)}” for “${named(found.name)}”?`;
      const effect: PanelEffect = { kind: 'join', session: found.session };
      return foundEntry(found, model, confirms('', '', question, effect).action);
    });
  const stay: Entry = {
    key: `here ${here.session}`,
    label: named(here.name),
    ticked: true,
    action: { kind: 'none' },
  };
  return [stay, ...others, leaveEntry(here.name)];
}

const leaveEntry = (name: string): Entry =>
  confirms('leave', 'Leave session', `Leave “${named(name)}”?`, { kind: 'leave' });

function powerEntries(model: PanelModel): Entry[] {
  const entries: Entry[] = [
    does('panic', 'All notes off', { kind: 'panic' }, false),
    { key: 'sleep', label: 'Display off', action: { kind: 'sleep' } },
  ];
  const playing = model.session === undefined ? '' : ' You will leave the session.';
  if (model.power.includes('restart')) {
    entries.push(confirms('restart', 'Restart', `Restart the box?${playing}`, { kind: 'restart' }));
  }
  if (model.power.includes('shutdown')) {
    const question = `Shut the box down?${playing}`;
    entries.push(confirms('shutdown', 'Shut down', question, { kind: 'shutdown' }));
  }
  return entries;
}

function sessionEntries(model: PanelModel): Entry[] {
  const { session } = model;
  if (session === undefined) return [];
  return [
    ...guestEntry(model),
    opens(
      'participants',
      'Participants',
      openList('participants'),
      `${session.participants.length}`,
    ),
    ...jamEntries(session),
    ...model.settings.filter(({ inSession }) => inSession === true).map(settingEntry),
    ...doorEntries(model),
    sessionsEntry(model),
    ...boxEntries(model),
    leaveEntry(session.name),
  ];
}

/** A code that was put aside can be looked at again. */
function guestEntry({ codeShown }: PanelModel): Entry[] {
  if (codeShown === undefined) return [];
  const { code, guest } = codeShown;
  return [{ key: 'guest', label: `${named(guest)}?`, value: code, action: { kind: 'uncover' } }];
}

/**
 * Who is in the session, who may come in, and who is known: as entries of lists. Pure.
 *
 * What only the host may do is listed for the host alone.
 */
import type { BoxId, Participant } from '../core/ensemble.ts';
import { hearingEntries } from './hearing.ts';
import { asksAbout, does, type Entry, type Mark, named, opens } from './menu-entry.ts';
import type { PanelModel } from './panel-model.ts';
import { openList, openPerson, type Screen } from './panel-state.ts';
import { inMillis, inPercent, ROUTE_SHORT } from './wording.ts';

/** This box hosts the session it is in. */
export function hosts({ session }: PanelModel): boolean {
  return session?.participants.some(({ self, id }) => self && id === session.host) ?? false;
}

export function personName(id: BoxId | undefined, { session }: PanelModel): string {
  return named(session?.participants.find((one) => one.id === id)?.name ?? '');
}

export function participantEntries(model: PanelModel): readonly Entry[] {
  const { session } = model;
  if (session === undefined) return [];
  return session.participants.map((one) => {
    const figures: Screen = { kind: 'participant', id: one.id, top: 0 };
    const marks: Mark[] = [
      ...(one.id === session.host ? (['host'] as const) : []),
      ...(one.muted ? (['muted'] as const) : []),
    ];
    const screen = one.self ? figures : openPerson(one.id);
    return { ...opens(`participant ${one.id}`, named(one.name), screen, linkWords(one)), marks };
  });
}

function linkWords({ self, connected, stats, route }: Participant): string {
  if (self) return 'you';
  if (!connected) return 'lost';
  const way = route === undefined ? '' : ROUTE_SHORT[route];
  return way === ''
    ? `${inMillis(stats?.rtt)} ${inPercent(stats?.loss)}`
    : `${way} ${inMillis(stats?.rtt)}`;
}

/** How one of the others is heard, and what the host may do about them. */
export function personEntries(id: BoxId | undefined, model: PanelModel): readonly Entry[] {
  const one = model.session?.participants.find((participant) => participant.id === id);
  if (one === undefined) return [];
  const name = named(one.name);
  const mute = { kind: 'mute', box: one.id, on: !one.muted } as const;
  const heard = [
    ...hearingEntries(one.id, model),
    opens('figures', 'Link', { kind: 'participant', id: one.id, top: 0 }, linkWords(one)),
  ];
  if (!hosts(model)) return heard;
  return [
    ...heard,
    { ...does('mute', 'Muted', mute, false), value: one.muted ? 'on' : 'off' },
    asksAbout(
      one.id,
      'handOver',
      'Make host',
      `Let “${name}” host the session?`,
      { kind: 'handOver', box: one.id },
      true,
    ),
    asksAbout(
      one.id,
      'remove',
      'Remove',
      `Remove “${name}” from the session?`,
      { kind: 'remove', box: one.id },
      true,
    ),
  ];
}

/** Who may come in, for the host to say: invitations, the lock, those who were removed. */
export function doorEntries(model: PanelModel): Entry[] {
  const { session, network } = model;
  if (session === undefined || !hosts(model)) return [];
  const entries: Entry[] = [];
  if (network.server.address !== '') {
    const action: Entry['action'] = {
      kind: 'open',
      screen: { kind: 'invite', page: 'picture' },
      ...(model.invitation === undefined ? { asks: { kind: 'invite' } as const } : {}),
    };
    entries.push({ key: 'invite', label: 'Invite', action });
  }
  const lock = { kind: 'setLocked', locked: !session.locked } as const;
  entries.push({ ...does('lock', 'Locked', lock, false), value: session.locked ? 'on' : 'off' });
  const { length } = session.removed;
  if (length > 0) entries.push(opens('removed', 'Removed', openList('removed'), `${length}`));
  return entries;
}

export function removedEntries({ session }: PanelModel): readonly Entry[] {
  return (session?.removed ?? []).map(({ id, name }) =>
    asksAbout(
      id,
      `removed ${id}`,
      named(name),
      `Let “${named(name)}” back in?`,
      { kind: 'letBackIn', box: id },
      true,
    ),
  );
}

export function knownEntries({ known }: PanelModel): readonly Entry[] {
  if (known.length === 0) return [{ key: 'none', label: 'None yet', action: { kind: 'none' } }];
  return known.map(({ box, name }) =>
    asksAbout(
      box,
      `known ${box}`,
      named(name),
      `Forget “${named(name)}”? It will need a code again.`,
      { kind: 'forget', box },
      false,
    ),
  );
}

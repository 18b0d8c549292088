/**
 * What the player may change of the session they are in: mode, tempo, transport, role. Pure.
 */
import {
  type EnsembleContext,
  JAM_MODES,
  type JamMode,
  type Participant,
  ROLES,
  type Role,
} from '../core/ensemble.ts';
import type { ChoiceField, NumberField } from './fields.ts';
import { does, type Entry, opens, tells } from './menu-entry.ts';
import type { PanelEffect } from './panel-model.ts';

export const MODE_LABELS: Readonly<Record<JamMode, string>> = {
  auto: 'Auto',
  live: 'Live',
  tight: 'Tight',
  groove: 'Groove',
};
export const ROLE_LABELS: Readonly<Record<Role, string>> = {
  rhythm: 'Rhythm',
  bass: 'Bass',
  harmony: 'Harmony',
  melody: 'Melody',
};

export function jamEntries(session: EnsembleContext): Entry[] {
  const self = session.participants.find((participant) => participant.self);
  const role: Entry = {
    ...{ key: 'role', label: 'My role' },
    action: { kind: 'edit', field: roleField(self) },
  };
  const kept = session.locked && self?.id !== session.host;
  return [...(kept ? lockedEntries(session) : sharedEntries(session)), role];
}

/** What everybody may change, while the host has not locked it. */
function sharedEntries(session: EnsembleContext): Entry[] {
  const { bpm, beatsPerBar } = session.timeline;
  const tempo = tempoField(bpm);
  const metre = metreField(beatsPerBar);
  const setPlaying: PanelEffect = { kind: 'setPlaying', playing: !session.playing };
  return [
    { key: 'mode', label: 'Mode', action: { kind: 'edit', field: modeField(session.mode) } },
    { key: 'tempo', label: 'Tempo', action: { kind: 'edit', field: tempo } },
    opens('tap', 'Tap tempo', { kind: 'tap', taps: [] }),
    { key: 'metre', label: 'Beats in a bar', action: { kind: 'edit', field: metre } },
    does('playing', session.playing ? 'Stop' : 'Play', setPlaying, false),
  ];
}

function lockedEntries({ mode, timeline, playing }: EnsembleContext): Entry[] {
  const why = 'The host has locked the session.';
  return [
    tells('mode', 'Mode', MODE_LABELS[mode], why),
    tells('tempo', 'Tempo', `${Math.round(timeline.bpm)}`, why),
    tells('metre', 'Beats in a bar', `${timeline.beatsPerBar}`, why),
    tells('playing', playing ? 'Playing' : 'Stopped', 'locked', why),
  ];
}

function modeField(mode: JamMode): ChoiceField {
  return {
    kind: 'choice',
    value: JAM_MODES.indexOf(mode),
    labels: JAM_MODES.map((one) => MODE_LABELS[one]),
    effect: (value) => ({ kind: 'setMode', mode: JAM_MODES[value] ?? mode }),
  };
}

function tempoField(bpm: number): NumberField {
  return {
    kind: 'number',
    value: Math.round(bpm * 10) / 10,
    min: 20,
    max: 300,
    step: 1,
    unit: '',
    effect: (value) => ({ kind: 'setTempo', bpm: value }),
  };
}

function metreField(beatsPerBar: number): NumberField {
  return {
    ...{ kind: 'number', value: beatsPerBar, min: 1, max: 16, step: 1, unit: '' },
    effect: (value) => ({ kind: 'setMetre', beatsPerBar: value }),
  };
}

function roleField(self: Participant | undefined): ChoiceField {
  const role = self?.role;
  const detected = role === undefined ? 'Auto' : `Auto (${ROLE_LABELS[role]})`;
  return {
    kind: 'choice',
    value: self?.roleByHand === true && role !== undefined ? ROLES.indexOf(role) + 1 : 0,
    labels: [
      self?.roleByHand === true ? 'Auto' : detected,
      ...ROLES.map((one) => ROLE_LABELS[one]),
    ],
    effect: (value) => ({ kind: 'setRole', role: ROLES[value - 1] ?? null }),
  };
}

/**
 * Screens that are read, as lines: participants on the live screen, one participant, MIDI devices, about. Pure.
 */
import type { Participant } from '../core/ensemble.ts';
import { BODY, textWidth, wrap } from './font.ts';
import { heardInWords, percent, predictionOf } from './hearing.ts';
import type { PanelModel } from './panel-model.ts';
import type { ParticipantScreen, ReadingScreen } from './panel-state.ts';
import { MODE_LABELS, ROLE_LABELS } from './session-entries.ts';
import { inMillis, inPercent } from './wording.ts';

/** A label at the left, a value at the right. */
export interface Line {
  readonly label: string;
  readonly value: string;
  /** 0 to 1: drawn as a meter before the value. */
  readonly meter?: number;
}

/** Width of a line beside the scroll bar. */
const LINE_WIDTH = 121;

const GESTURES: readonly Line[] = [
  { label: 'Turn', value: 'move' },
  { label: 'Click', value: 'enter' },
  { label: 'Hold', value: 'back' },
  { label: 'Hold 2 s', value: 'power' },
  { label: 'Double click', value: 'live' },
  { label: 'Push and turn', value: 'PANIC' },
];

export function readingLines(
  screen: ReadingScreen | ParticipantScreen,
  model: PanelModel,
): readonly Line[] {
  switch (screen.kind) {
    case 'live':
      return livePlayers(model).map((player) => ({ label: player.name, value: '' }));
    case 'participant':
      return participantLines(screen, model);
    case 'heard':
      return heardLines(screen, model);
    case 'devices':
      return deviceLines(model);
    case 'network':
      return networkLines(model);
    case 'about':
      return [...model.about.flatMap(({ label, value }) => fitted(label, value)), ...GESTURES];
  }
}

/** Others first: one knows what one plays oneself. */
export function livePlayers({ session }: PanelModel): readonly Participant[] {
  const all = session?.participants ?? [];
  return [...all.filter((one) => !one.self), ...all.filter((one) => one.self)];
}

function deviceLines(model: PanelModel): readonly Line[] {
  if (model.devices.length === 0) {
    return [
      { label: 'No MIDI device.', value: '' },
      { label: 'Plug one in to play.', value: '' },
    ];
  }
  return model.devices.flatMap(({ direction, name, present }) => {
    const label = `${direction === 'in' ? '→' : '←'} ${name}`;
    return fitted(label, present ? direction : 'missing');
  });
}

function participantLines(screen: ParticipantScreen, model: PanelModel): readonly Line[] {
  const participant = model.session?.participants.find((one) => one.id === screen.id);
  if (participant === undefined) return [];
  const { role, roleByHand, instrument, stats } = participant;
  const roleName = role === undefined ? '–' : ROLE_LABELS[role];
  const who: readonly Line[] = [
    ...fitted('Plays', instrument === '' ? '–' : instrument),
    { label: 'Role', value: roleByHand ? `${roleName} (set)` : roleName },
  ];
  if (participant.self) {
    const mode = model.session === undefined ? '–' : MODE_LABELS[model.session.mode];
    return [...who, { label: 'Mode', value: mode }];
  }
  const stream = model.streams.find((one) => one.participant === screen.id);
  return [
    { label: 'Heard after', value: inMillis(stream?.delay) },
    { label: 'Route', value: participant.route ?? '–' },
    { label: 'Encrypted', value: encrypted(participant.route) },
    { label: 'Round trip', value: participant.connected ? inMillis(stats?.rtt) : 'lost' },
    { label: 'Jitter', value: inMillis(stats?.jitter) },
    { label: 'Loss', value: inPercent(stats?.loss) },
    { label: 'Repaired', value: `${stats?.recovered ?? 0}` },
    { label: 'Late notes', value: `${stream?.late ?? 0}` },
    { label: 'Buffer', value: inMillis(stream?.buffer) },
    ...who,
  ];
}

function heardLines({ id }: ParticipantScreen, model: PanelModel): readonly Line[] {
  if (model.session?.participants.every((one) => one.id !== id) ?? true) return [];
  const prediction = predictionOf(id, model);
  return [
    ...sentence(heardInWords(id, model)),
    metered('Foreseen', prediction?.confidence),
    metered('In time', prediction?.inTime),
    { label: 'False notes', value: inPercent(prediction?.falseShare) },
  ];
}

function metered(label: string, part: number | undefined): Line {
  if (part === undefined) return { label, value: '–' };
  return { label, value: percent(part), meter: Math.max(0, Math.min(1, part)) };
}

function encrypted(route: Participant['route']): string {
  if (route === undefined) return '–';
  return route === 'open' ? 'NO' : 'yes';
}

function networkLines({ network, lock }: PanelModel): readonly Line[] {
  const { addresses, verdict, server, security } = network;
  const none: readonly string[] = addresses === undefined ? [] : ['none'];
  const shown = addresses !== undefined && addresses.length > 0 ? addresses : none;
  return [
    ...fitted('Links', LOCK_WORDS[lock] ?? (security === 'open' ? 'OPEN' : 'encrypted')),
    ...shown.flatMap((address) => fitted('Address', address)),
    ...fitted('Server', server.address === '' ? 'none' : server.address),
    ...(server.address === '' ? [] : fitted('State', server.state)),
    ...sentence(server.problem),
    ...(verdict === undefined ? [] : fitted('Internet', verdict.short)),
    ...sentence(verdict?.sentence ?? ''),
  ];
}
/** Undefined: there are none to tell about, but those that would be made. */
const LOCK_WORDS = { none: undefined, open: 'OPEN', closed: 'encrypted' } as const;

/** Words under a line, from the left. */
function sentence(text: string): readonly Line[] {
  return wrap(text, LINE_WIDTH, 8, BODY).map((label) => ({ label, value: '' }));
}

/** On one line when it fits, else the value on lines of its own. */
function fitted(label: string, value: string): Line[] {
  if (textWidth(label) + textWidth(value) + 6 <= LINE_WIDTH) return [{ label, value }];
  const head = { label, value: '' };
  return [head, ...wrap(value, LINE_WIDTH, 3, BODY).map((part) => ({ label: '', value: part }))];
}

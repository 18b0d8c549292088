/** A box, a session and its players, as the panel's tests know them. */
import type {
  BoxId,
  EnsembleContext,
  Participant,
  SessionId,
} from '../../runtime/core/ensemble.ts';
import type { JoinFailureReason } from '../../runtime/core/join-failure.ts';
import {
  after,
  type EnsembleTime,
  fromMillis,
  fromSeconds,
  micros,
} from '../../runtime/core/time.ts';
import type {
  PanelCodeAsked,
  PanelCodeShown,
  PanelFailure,
  PanelInvitation,
} from '../../runtime/panel/joining-model.ts';
import { emptyPanelModel, type PanelModel } from '../../runtime/panel/panel-model.ts';
import type { PanelPrediction } from '../../runtime/panel/prediction-model.ts';
import { START } from './hand.ts';

const boxId = (digit: string): BoxId => digit.repeat(32) as BoxId;
export const sessionId = (digit: string): SessionId => digit.repeat(32) as SessionId;

export const SELF: Participant = {
  id: boxId('a'),
  name: 'Küche',
  instrument: 'Rhodes',
  role: 'harmony',
  roleByHand: false,
  self: true,
  connected: true,
  muted: false,
  route: undefined,
  stats: undefined,
};

function peer(digit: string, name: string, change: Partial<Participant> = {}): Participant {
  return {
    id: boxId(digit),
    name,
    instrument: 'Piano',
    role: 'melody',
    roleByHand: false,
    self: false,
    connected: true,
    muted: false,
    route: 'local',
    stats: { rtt: fromMillis(34.4), jitter: fromMillis(3.2), loss: 0.004, recovered: 12 },
    ...change,
  };
}

export const INES: Participant = peer('b', 'Inês', { instrument: 'Nord Drum', role: 'rhythm' });
export const BJORN: Participant = peer('c', 'Björn', {
  instrument: 'Moog Bass',
  role: 'bass',
  roleByHand: true,
  route: 'relayed',
  stats: { rtt: fromMillis(128), jitter: fromMillis(14.7), loss: 0.053, recovered: 240 },
});
export const FAR_AWAY: Participant = peer('d', 'Attic in Reykjavík', {
  connected: false,
  route: undefined,
});
const FIFTH: Participant = peer('e', 'Zoë', { muted: true });

export const SUNDAY: EnsembleContext = {
  session: sessionId('1'),
  name: 'Sunday jam',
  host: INES.id,
  mode: 'auto',
  timeline: { origin: (START - 24_300_000) as EnsembleTime, bpm: 120, beatsPerBar: 4 },
  playing: true,
  locked: false,
  removed: [],
  participants: [SELF, INES],
};

export const BOX: PanelModel = {
  ...emptyPanelModel('Küche'),
  devices: [
    { direction: 'in', name: 'Launchkey 49', present: true },
    { direction: 'out', name: 'DIN', present: true },
    { direction: 'in', name: 'WIDI Master Bluetooth adapter', present: false },
  ],
  settings: [
    { kind: 'toggle', key: 'thru', label: 'Local thru', value: true },
    {
      ...{ kind: 'number', key: 'lateLimit', label: 'Late limit', value: 120 },
      ...{ min: 0, max: 500, step: 5, unit: 'ms' },
    },
    {
      ...{ kind: 'number', key: 'brightness', label: 'Brightness', value: 80 },
      ...{ min: 5, max: 100, step: 5, unit: '%' },
    },
    {
      ...{ kind: 'choice', key: 'jitter', label: 'Jitter buffer', value: 'balanced' },
      options: [
        { value: 'tight', label: 'Tight' },
        { value: 'balanced', label: 'Balanced' },
        { value: 'safe', label: 'Safe' },
      ],
    },
    { kind: 'text', key: 'name', label: 'Name', value: 'Küche', maxLength: 24 },
    { kind: 'toggle', key: 'midi.click', label: 'Click', value: true, inSession: true },
  ],
  known: [
    { box: boxId('b'), name: 'Inês' },
    { box: boxId('c'), name: 'Björn' },
  ],
  network: {
    addresses: ['192.168.1.23', 'fe80::ba27:ebff:fe12:3456'],
    verdict: {
      short: 'NAT: direct works',
      sentence: 'the router lets boxes reach each other directly',
    },
    server: { address: 'jam.example.org', state: 'online', problem: '' },
    security: 'encrypted',
  },
  about: [
    { label: 'Version', value: '0.1.0' },
    { label: 'Address', value: '192.168.1.23' },
    { label: 'Status page', value: 'http://kueche.local:8080' },
  ],
  power: ['restart', 'shutdown'],
  last: { session: sessionId('1'), name: 'Sunday jam' },
  found: [
    { session: sessionId('1'), name: 'Sunday jam', tempo: 120, participants: 2, host: 'Inês' },
    {
      ...{ session: sessionId('2'), name: 'Teaching studio, grade three' },
      ...{ tempo: 92, participants: 11, host: 'Studio' },
    },
    { session: sessionId('3'), name: 'Köln–Genève', tempo: 140, participants: 3, host: 'Zoë' },
  ],
};

export const FRESH_BOX: PanelModel = {
  ...emptyPanelModel('togthr-4f2a'),
  about: [{ label: 'Version', value: '0.1.0' }],
};

export const JAMMING: PanelModel = {
  ...BOX,
  session: SUNDAY,
  link: 'up',
  lock: 'closed',
  synced: true,
  ensembleShift: micros(0),
  streams: [
    {
      participant: INES.id,
      delay: fromMillis(41.3),
      away: fromMillis(33.2),
      jitter: fromMillis(2.1),
      buffer: fromMillis(8),
      ...{ events: 812, late: 1 },
    },
  ],
  predictions: [
    {
      participant: INES.id,
      wish: undefined,
      inUse: 'tight',
      reason: 'predictable',
      wet: undefined,
      confidence: 0.81,
      inTime: 0.64,
      falseShare: 0.032,
      carriedOn: undefined,
    },
  ],
  soundingNotes: 3,
};

/** Inês is heard like that, too. */
export function hearing(change: Partial<PanelPrediction>): PanelModel {
  const predictions = JAMMING.predictions.map((one) => ({ ...one, ...change }));
  return { ...JAMMING, predictions };
}

export const CROWDED: PanelModel = {
  ...JAMMING,
  link: 'degraded',
  lock: 'open',
  recording: true,
  session: {
    ...SUNDAY,
    name: 'Sunday jam with everybody from the old band',
    mode: 'groove',
    timeline: { ...SUNDAY.timeline, bpm: 96.5, beatsPerBar: 7 },
    participants: [SELF, INES, BJORN, FAR_AWAY, FIFTH],
  },
};

/** This box hosts; somebody was removed. */
export const HOSTING: PanelModel = {
  ...JAMMING,
  session: {
    ...SUNDAY,
    host: SELF.id,
    removed: [{ id: boxId('f'), name: 'Mallory' }],
    participants: [SELF, INES, FIFTH],
  },
};

/** Joining: the host wants its code. */
export const ASKED: PanelCodeAsked = {
  host: 'Inês',
  triesLeft: 3,
  expiresAt: after(START, fromSeconds(120)),
  wrong: false,
  nameKnown: false,
};

/** Hosting: somebody wants in. */
export const SHOWN: PanelCodeShown = {
  code: '482913',
  guest: 'Anna',
  expiresAt: after(START, fromSeconds(87)),
  triesLeft: 2,
};

export const CONNECTING: PanelModel = {
  ...BOX,
  waiting: { doing: 'Connecting', name: 'Sunday jam' },
};

export function failing(reason: JoinFailureReason, change: Partial<PanelFailure> = {}): PanelModel {
  const failure = { reason, name: 'Sunday jam', who: 'Inês', retryAt: undefined, ...change };
  return { ...BOX, failure };
}

export const INVITATION: PanelInvitation = {
  link: 'togthr://jam.example.org/i/7K3M9QZ2D4X8A#kT0bZ1xQm3hV5rYw8uN2Lg',
  webLink: 'https://jam.example.org/PMdE3-JpOoU#kT0bZ1xQm3hV5rYw',
};

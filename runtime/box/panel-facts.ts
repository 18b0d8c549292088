/**
 * Reads the rooms into the immutable facts that the panel shows. Pure but for reading.
 */
import type { BoxId, EnsembleContext } from '../core/ensemble.ts';
import { fromSeconds, type Micros, micros, toMillis } from '../core/time.ts';
import type { PanelInvitation } from '../panel/joining-model.ts';
import type {
  LinkStatus,
  LockState,
  PanelDevice,
  PanelMessage,
  PanelModel,
} from '../panel/panel-model.ts';
import type { PanelPrediction } from '../panel/prediction-model.ts';
import type { StreamWish } from '../prediction/engine.ts';
import type { PredictionStats } from '../prediction/prediction-stats.ts';
import { timeInShort } from '../timeline/time-words.ts';
import type { PanelWiringDeps, PanelWiringInit } from './panel-parts.ts';
import type { PanelSettings } from './panel-settings.ts';

/** Above these a link is heard to be bad: shown as degraded. */
const BAD_LOSS = 0.05;
const BAD_JITTER_MS = 60;

/** What only the wiring knows. */
export interface PanelMoment {
  readonly settings: PanelSettings;
  readonly invitation: PanelInvitation | undefined;
  readonly message: PanelMessage | undefined;
}

export function panelModel(
  deps: PanelWiringDeps,
  init: PanelWiringInit,
  moment: PanelMoment,
): PanelModel {
  const { clock, session, flow, engine, ensembleClock, output } = deps;
  const { settings } = moment;
  const context = session.context;
  const now = clock.now();
  return {
    boxName: settings.name,
    session: context,
    found: session.found.map((found) => ({
      session: found.session,
      name: found.name,
      tempo: found.tempo,
      participants: found.participants,
      host: found.host,
    })),
    last: session.last,
    waiting: flow.waiting,
    codeAsked: flow.asked,
    codeShown: session.code,
    failure: flow.failure,
    known: session.known,
    invitation: moment.invitation,
    network: init.network(),
    link: linkStatus(context),
    lock: lockState(context, hasOpenStreams(deps)),
    synced: context !== undefined && ensembleClock.synced,
    ensembleShift: micros(ensembleClock.toEnsemble(now) - now),
    recording: false,
    streams: remotes(context).flatMap((participant) => {
      const stats = engine.streamStats(participant);
      if (!stats) return [];
      return [
        {
          participant,
          delay: stats.delayP50,
          away: stats.networkDelay,
          jitter: stats.jitter,
          buffer: stats.buffer,
          events: stats.events,
          late: stats.late,
        },
      ];
    }),
    predictions: remotes(context).flatMap((participant) => {
      const stats = engine.predictionStats(participant);
      return stats ? [panelPrediction(participant, stats, engine.streamWish(participant))] : [];
    }),
    soundingNotes: output.soundingNotes,
    devices: [...devices('in', init.inputs), ...devices('out', init.outputs)],
    settings: settings.list,
    brightness: settings.brightness,
    sparing: {
      dimAfter: fromSeconds(init.settings.panel.dimAfterSeconds),
      blankAfter: fromSeconds(init.settings.panel.blankAfterSeconds),
    },
    about: [
      { label: 'Version', value: init.version },
      { label: 'RTP-MIDI port', value: String(deps.rtp.controlPort) },
      ...(context === undefined ? [] : [{ label: 'Beat', value: beatAccuracy(deps) }]),
      ...init.about(),
    ],
    power: (['restart', 'shutdown'] as const).filter((kind) => init.power[kind] !== undefined),
    message: moment.message,
  };
}

function panelPrediction(
  participant: BoxId,
  stats: PredictionStats,
  wish: StreamWish,
): PanelPrediction {
  const { modeInUse, reason, confidence, w20, falseNotes, notes, fallbackBars } = stats;
  return {
    ...{ participant, inUse: modeInUse, reason, confidence, inTime: w20 },
    ...{ wish: wish.mode, wet: wish.wet, carriedOn: fallbackBars },
    falseShare: notes === 0 ? undefined : falseNotes / notes,
  };
}

/** Streams to RTP-MIDI peers that are no boxes: nothing hides them. */
function hasOpenStreams({ rtp, peers }: PanelWiringDeps): boolean {
  return rtp.peers.some(({ ssrc }) => !peers.isBox(ssrc));
}

/** `closed` is a promise: made only when every way out of this box is known to be encrypted. */
export function lockState(context: EnsembleContext | undefined, openStreams: boolean): LockState {
  if (openStreams) return 'open';
  const linked = (context?.participants ?? []).filter(({ self, connected }) => !self && connected);
  if (linked.length === 0) return 'none';
  const hidden = linked.every(({ route }) => route !== undefined && route !== 'open');
  return hidden ? 'closed' : 'open';
}

/** How far the beat may be off here: usually, and at the most. */
function beatAccuracy({ session, ensembleClock }: PanelWiringDeps): string {
  const { synced, accuracy } = ensembleClock;
  return timeInShort({ keptHere: session.reference?.box === 'self', synced, accuracy });
}

function remotes(context: EnsembleContext | undefined): readonly BoxId[] {
  if (!context) return [];
  return context.participants.filter(({ self }) => !self).map(({ id }) => id);
}

function linkStatus(context: EnsembleContext | undefined): LinkStatus {
  if (!context) return 'none';
  const others = context.participants.filter(({ self }) => !self);
  if (others.length === 0) return 'searching';
  const bad = others.some(
    ({ connected, stats }) =>
      !connected ||
      (stats !== undefined &&
        (stats.loss > BAD_LOSS || toMillis(stats.jitter ?? (0 as Micros)) > BAD_JITTER_MS)),
  );
  return bad ? 'degraded' : 'up';
}

function devices(direction: 'in' | 'out', names: ReadonlySet<string>): readonly PanelDevice[] {
  return [...names].map((name) => ({ direction, name, present: true }));
}

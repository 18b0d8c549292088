/**
 * Reads the rooms into the immutable facts that the panel shows. Pure but for reading.
 */
import type { BoxId, EnsembleContext } from '../core/ensemble.ts';
import { fromSeconds, type Micros, micros, toMillis } from '../core/time.ts';
import type {
  LinkStatus,
  PanelDevice,
  PanelMessage,
  PanelModel,
  PanelSetting,
} from '../panel/panel-model.ts';
import type { PanelChoices, PanelWiringDeps, PanelWiringInit } from './panel-parts.ts';

/** Above these a link is heard to be bad: shown as degraded. */
const BAD_LOSS = 0.05;
const BAD_JITTER_MS = 60;

export function panelModel(
  deps: PanelWiringDeps,
  init: PanelWiringInit,
  choices: PanelChoices,
  waiting: PanelModel['waiting'],
  message: PanelMessage | undefined,
): PanelModel {
  const { clock, session, engine, ensembleClock, output } = deps;
  const context = session.context;
  const now = clock.now();
  return {
    boxName: choices.name,
    session: context,
    found: session.found.map((found) => ({
      session: found.session,
      name: found.name,
      tempo: found.tempo,
      participants: found.participants,
      host: found.host,
    })),
    last: session.last,
    waiting,
    link: linkStatus(context),
    // RTP-MIDI and the box-to-box stream are not encrypted yet: the lock tells the truth.
    lock: 'open',
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
          jitter: stats.jitter,
          buffer: stats.buffer,
          events: stats.events,
          late: stats.late,
        },
      ];
    }),
    soundingNotes: output.soundingNotes,
    devices: [...devices('in', init.inputs), ...devices('out', init.outputs)],
    settings: editable(choices),
    brightness: choices.brightness / 100,
    sparing: {
      dimAfter: fromSeconds(init.settings.panel.dimAfterSeconds),
      blankAfter: fromSeconds(init.settings.panel.blankAfterSeconds),
    },
    about: [
      { label: 'Version', value: init.version },
      { label: 'RTP-MIDI port', value: String(deps.rtp.controlPort) },
      ...init.about(),
    ],
    power: (['restart', 'shutdown'] as const).filter((kind) => init.power[kind] !== undefined),
    message,
  };
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

function editable(choices: PanelChoices): readonly PanelSetting[] {
  return [
    { kind: 'toggle', key: 'midi.thru', label: 'Local thru', value: choices.thru },
    {
      kind: 'number',
      key: 'panel.brightness',
      label: 'Brightness',
      value: choices.brightness,
      min: 5,
      max: 100,
      step: 5,
      unit: '%',
    },
    { kind: 'text', key: 'box.name', label: 'Name', value: choices.name, maxLength: 24 },
  ];
}

/**
 * Joins the session's time with what is at this box: the click at its outputs, the clock at its inputs.
 *
 * Takes  the session's snapshots, what is played here, the settings.
 * Gives  clicks to the output manager, under a source of their own; to the session the time of a clock that leads, where
 *        the settings say so.
 * Keeps  nothing.
 * Lane   2.
 */
import { Teardown } from '../core/lifecycle.ts';
import type { MidiManager } from '../midi-manager/midi-manager.ts';
import { ClockLead } from '../midi-sync/clock-lead.ts';
import type { OutputManager } from '../output/output-manager.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionManager } from '../session/session.ts';
import type { Settings } from '../settings/settings.ts';
import { type Metronome, openMetronome } from '../timeline/metronome.ts';
import type { EnsembleClock } from '../transport/clock-sync/ensemble-clock.ts';

interface TimeWiring extends AsyncDisposable {
  readonly metronome: Metronome;
}

/** The name under which clicks are scheduled. */
const CLICK_SOURCE = 'click';

export function openTimeWiring(
  deps: {
    readonly clock: Clock;
    readonly session: SessionManager;
    readonly midi: MidiManager;
    readonly output: OutputManager;
    readonly ensembleClock: EnsembleClock;
  },
  { click, clockIn }: Settings['midi'],
): TimeWiring {
  const { clock, session, midi, output, ensembleClock } = deps;
  const held = new Teardown();
  const metronome = held.hold(
    openMetronome(
      {
        clock,
        ensembleClock,
        play: (message, due) => output.schedule(message, due, CLICK_SOURCE, 'received'),
        release: () => output.release(CLICK_SOURCE),
      },
      {
        click: click.mode,
        sound: {
          channel: click.channel - 1,
          key: click.key,
          accentKey: click.accentKey,
          velocity: click.velocity,
        },
      },
    ),
  );
  held.hold(session.onContext((context) => metronome.setContext(context)));
  if (clockIn === 'lead') {
    const lead = new ClockLead({
      ensembleClock,
      lead: (timeline, song) => session.leadTime(timeline, song),
    });
    held.hold(session.onContext((context) => lead.setContext(context)));
    held.hold(midi.onPlayed((message, playedAt) => lead.receive(message, playedAt)));
  }
  return { metronome, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

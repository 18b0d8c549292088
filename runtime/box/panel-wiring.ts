/**
 * The panel and the box: facts to the panel, wishes from it.
 *
 * Takes  PanelEffect from the panel, changes from the rooms.
 * Gives  a new PanelModel when a fact changed (at most every 50 ms) and once a second; calls into session, output, engine.
 * Keeps  what the panel waits for, and the last message.
 * Lane   4. A wish that fails becomes a message on the panel, never an exception.
 */
import type { SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { Teardown } from '../core/lifecycle.ts';
import type { MidiKind, MidiMessage } from '../core/midi-message.ts';
import { after, fromMillis, fromSeconds } from '../core/time.ts';
import { openPanel, type Panel } from '../panel/panel.ts';
import type { PanelEffect, PanelMessage, SettingValue } from '../panel/panel-model.ts';
import { Joining } from './joining.ts';
import { panelModel } from './panel-facts.ts';
import type { PanelChoices, PanelWiringDeps, PanelWiringInit } from './panel-parts.ts';

const COALESCE = fromMillis(50);
const REFRESH = fromSeconds(1);
/** What wakes the display; clock and active sensing don't. */
const ACTIVE: ReadonlySet<MidiKind> = new Set([
  'noteOn',
  'noteOff',
  'controlChange',
  'pitchBend',
  'programChange',
]);

export function wirePanel(
  deps: PanelWiringDeps,
  init: PanelWiringInit,
): { readonly panel: Panel } & AsyncDisposable {
  const { clock, session } = deps;
  const held = new Teardown();
  const choices: PanelChoices = {
    name: init.settings.box.name,
    thru: init.settings.midi.thru,
    brightness: init.settings.panel.brightness,
  };
  let message: PanelMessage | undefined;

  const panel = held.hold(
    openPanel({ clock, display: deps.display, encoder: deps.encoder, leds: deps.leds }),
  );
  const push = (): void => {
    panel.setModel(panelModel(deps, init, choices, joining.waiting, message));
    refresh.set(after(clock.now(), REFRESH));
  };
  const refresh = held.hold(clock.alarm(push));
  const changed = (): void => refresh.set(after(clock.now(), COALESCE));
  const tell = (text: string, tone: PanelMessage['tone']): void => {
    message = { text, tone };
    changed();
  };
  const joining = held.hold(new Joining(changed, (failure) => tell(explain(failure), 'error')));

  const showActivity = (source: string, shown: MidiMessage): void => {
    if (!ACTIVE.has(shown.kind)) return;
    panel.noteActivity(source, shown.kind === 'noteOn' ? shown.velocity : 0);
  };
  const act = (effect: PanelEffect): void => {
    switch (effect.kind) {
      case 'join':
        join(effect.session);
        break;
      case 'create': {
        const { name } = init.settings.session;
        joining.start('Creating', name, () => session.create(name));
        break;
      }
      case 'leave':
        joining.start('Leaving', session.context?.name ?? '', () => session.leave());
        break;
      case 'rejoinLast':
        joining.start('Joining', session.last?.name ?? '', (signal) => session.rejoinLast(signal));
        break;
      case 'cancel':
        joining.cancel();
        break;
      case 'setMode':
        session.setMode(effect.mode);
        break;
      case 'setTempo':
        session.setTempo(effect.bpm);
        break;
      case 'setPlaying':
        session.setPlaying(effect.playing);
        break;
      case 'setRole':
        session.setSelf({ role: effect.role });
        break;
      case 'setSetting':
        setSetting(effect.key, effect.value, effect.settled);
        break;
      case 'panic':
        deps.panic();
        tell('All notes off', 'info');
        break;
      case 'restart':
      case 'shutdown':
        init.power[effect.kind]?.();
        break;
    }
  };
  const join = (wanted: SessionId): void => {
    const target = session.found.find((found) => found.session === wanted);
    if (target) joining.start('Joining', target.name, (signal) => session.join(target, signal));
    else tell('This session is gone', 'error');
  };
  const setSetting = (key: string, value: SettingValue, settled: boolean): void => {
    if (key === 'midi.thru' && typeof value === 'boolean') {
      choices.thru = value;
      init.setThru(value);
    } else if (key === 'panel.brightness' && typeof value === 'number') {
      choices.brightness = value;
    } else if (key === 'box.name' && typeof value === 'string') {
      choices.name = value;
      session.setSelf({ name: value });
    } else return;
    if (settled) init.onSetting(key, value);
    changed();
  };

  held.hold(
    panel.onEffect((effect) => {
      act(effect);
      changed();
    }),
  );
  held.hold(session.onContext(changed));
  held.hold(session.onFound(changed));
  held.hold(deps.peers.onChange(changed));
  held.hold(deps.midi.onPlayed((played) => showActivity('self', played)));
  held.hold(
    deps.output.onSent(({ source, message: sent, leftAt }) => {
      if (leftAt !== undefined) showActivity(source, sent);
    }),
  );
  push();
  return { panel, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** For the display: what went wrong, as the port said it, or that it is our fault. */
function explain(failure: unknown): string {
  if (failure instanceof PortError) return failure.message;
  return `Something went wrong in the box: ${failure instanceof Error ? failure.message : String(failure)}`;
}

/**
 * The panel and the box: facts to the panel, wishes from it.
 *
 * Takes  PanelEffect from the panel, changes from the rooms.
 * Gives  a new PanelModel when a fact changed (at most every 50 ms) and once a second; calls into session, output, engine.
 * Keeps  the last message, the invitation to the present session, and who was met in it.
 * Lane   4. A wish that fails becomes a message on the panel, never an exception.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { JoinFailure } from '../core/join-failure.ts';
import { Teardown } from '../core/lifecycle.ts';
import type { MidiKind, MidiMessage } from '../core/midi-message.ts';
import { after, fromMillis, fromSeconds } from '../core/time.ts';
import type { PanelInvitation } from '../panel/joining-model.ts';
import { openPanel, type Panel } from '../panel/panel.ts';
import type { PanelEffect, PanelMessage, SettingValue } from '../panel/panel-model.ts';
import type { SessionNotice } from '../session/session.ts';
import { panelModel } from './panel-facts.ts';
import type { PanelWiringDeps, PanelWiringInit } from './panel-parts.ts';
import { openPanelSettings } from './panel-settings.ts';
import { sessionNews } from './session-news.ts';

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
  const { clock, session, flow, engine } = deps;
  const held = new Teardown();
  const settings = openPanelSettings(
    {
      setThru: init.setThru,
      setClick: init.setClick,
      setName: (name) => session.setSelf({ name }),
      onSetting: init.onSetting,
    },
    init.settings,
  );
  let message: PanelMessage | undefined;
  let invitation: PanelInvitation | undefined;
  /** Who was in this session: how one of them is heard apart is forgotten with it. */
  const met = new Set<BoxId>();
  let context = session.context;

  const panel = held.hold(
    openPanel({ clock, display: deps.display, encoder: deps.encoder, leds: deps.leds }),
  );
  const push = (): void => {
    panel.setModel(panelModel(deps, init, { settings, invitation, message }));
    refresh.set(after(clock.now(), REFRESH));
  };
  const refresh = held.hold(clock.alarm(push));
  const changed = (): void => refresh.set(after(clock.now(), COALESCE));
  const tell = (text: string, tone: PanelMessage['tone']): void => {
    message = { text: sentence(text), tone };
    changed();
  };

  const showActivity = (source: string, shown: MidiMessage): void => {
    if (!ACTIVE.has(shown.kind)) return;
    panel.noteActivity(source, shown.kind === 'noteOn' ? shown.velocity : 0);
  };
  const act = (effect: PanelEffect): void => {
    switch (effect.kind) {
      case 'join':
        join(effect.session);
        break;
      case 'create':
        void flow.create(init.settings.session.name);
        break;
      case 'leave':
        void flow.leave();
        break;
      case 'rejoinLast':
        void flow.rejoin();
        break;
      case 'retry':
        flow.retry();
        break;
      case 'cancel':
        flow.cancel();
        break;
      case 'enterCode':
        flow.enterCode(effect.code);
        break;
      case 'refuseGuest':
        session.declineGuest();
        break;
      case 'mute':
        session.mute(effect.box, effect.on);
        break;
      case 'remove':
        session.remove(effect.box);
        break;
      case 'letBackIn':
        session.letBackIn(effect.box);
        break;
      case 'handOver':
        session.handOver(effect.box);
        break;
      case 'setLocked':
        session.setLocked(effect.locked);
        break;
      case 'setMetre':
        session.setMetre(effect.beatsPerBar);
        break;
      case 'invite':
        void invite();
        break;
      case 'forget':
        session.forget(effect.box);
        break;
      case 'setMode':
        session.setMode(effect.mode);
        break;
      case 'setPlayerMode':
        engine.setStreamMode(effect.box, effect.mode ?? undefined);
        break;
      case 'setPlayerWet':
        engine.setStreamWet(effect.box, effect.wet);
        break;
      case 'setTempo':
        session.setTempo(effect.bpm);
        break;
      case 'setPlaying':
        session.setPlaying(effect.playing, { countInBars: settings.countInBars });
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
  const forgetWishes = (): void => {
    for (const box of met) {
      engine.setStreamMode(box, undefined);
      engine.setStreamWet(box, undefined);
    }
    met.clear();
  };
  const join = (wanted: SessionId): void => {
    const target = session.found.find((found) => found.session === wanted);
    if (target) void flow.join(target);
    else tell('This session is gone', 'error');
  };
  const invite = async (): Promise<void> => {
    const wanted = session.context?.session;
    try {
      const made = await session.invite();
      if (session.context?.session === wanted) invitation = made;
    } catch (failure) {
      tell(explain(failure), 'error'); // the screen offers to ask again
    }
    changed();
  };
  const follow = (next: typeof context): void => {
    const news = sessionNews(context, next);
    if (context?.session !== next?.session) {
      invitation = undefined;
      forgetWishes();
    }
    context = next;
    for (const { id, self } of next?.participants ?? []) if (!self) met.add(id);
    if (news !== undefined) tell(news, 'info');
    changed();
  };
  const heed = ({ kind, text }: SessionNotice): void => {
    // Who hosts is told by the session itself, in the words for everybody.
    if (kind === 'hosting') return;
    const name = context?.name ?? session.last?.name ?? '';
    if (kind === 'removed') flow.fail(new JoinFailure('removed', text), name);
    else tell(text, kind === 'unmuted' ? 'info' : 'error');
  };
  const setSetting = (key: string, value: SettingValue, settled: boolean): void => {
    if (settings.set(key, value, settled) === 'later' && settled) {
      tell('In force after the next start', 'info');
    }
    changed();
  };

  held.hold(
    panel.onEffect((effect) => {
      act(effect);
      changed();
    }),
  );
  held.hold(session.onContext(follow));
  held.hold(session.onNotice(heed));
  held.hold(session.onCode(changed));
  held.hold(flow.onChange(changed));
  held.hold(flow.onTrouble((failure) => tell(explain(failure), 'error')));
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

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

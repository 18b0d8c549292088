/**
 * What players ask of the session they are in: done, or answered in words.
 *
 * Takes  wishes; the session that this box is in.
 * Gives  changes to its documents, and a notice where a wish is somebody else's to have.
 */
import type { BoxId } from '../core/ensemble.ts';
import { MAX_NAME, plainText } from '../transport/link/hello.ts';
import type { ActiveSession } from './active-session.ts';
import { MAX_BEATS_PER_BAR, MAX_BOXES, MAX_TEMPO, MIN_TEMPO } from './control-values.ts';
import type { SessionManager, SessionNotice } from './session.ts';

export type SessionWishes = Pick<
  SessionManager,
  | 'setMode'
  | 'setTempo'
  | 'setMetre'
  | 'setPlaying'
  | 'leadTime'
  | 'rename'
  | 'setLocked'
  | 'mute'
  | 'remove'
  | 'letBackIn'
  | 'handOver'
>;

export function sessionWishes(
  present: () => ActiveSession | undefined,
  notify: (notice: SessionNotice) => void,
): SessionWishes {
  const notHost = (text: string): void => notify({ kind: 'notHost', text });
  /** `done`: undefined in no session, false when the host has locked it. */
  const answer = (done: boolean | undefined): void => {
    if (done !== false) return;
    notify({ kind: 'locked', text: 'the host has locked the session: ask it to change that' });
  };
  /** In no session there is nobody to be told. */
  const asHost = (what: string, act: (session: ActiveSession) => void): void => {
    const session = present();
    if (session?.hosting) act(session);
    else if (session) notHost(`only the host ${what}: ask it`);
  };

  return {
    setMode: (mode) => answer(present()?.control({ mode })),
    setTempo(bpm) {
      if (!Number.isFinite(bpm)) return;
      const within = Math.min(MAX_TEMPO, Math.max(MIN_TEMPO, bpm));
      answer(present()?.setTime({ kind: 'tempo', bpm: within }));
    },
    setMetre(beatsPerBar) {
      if (!Number.isFinite(beatsPerBar)) return;
      const beats = Math.round(Math.min(MAX_BEATS_PER_BAR, Math.max(1, beatsPerBar)));
      answer(present()?.setTime({ kind: 'metre', beatsPerBar: beats }));
    },
    setPlaying: (playing, { countInBars = 0 } = {}) =>
      answer(present()?.setTime(playing ? { kind: 'play', countInBars } : { kind: 'stop' })),
    leadTime: (timeline, song) =>
      answer(present()?.setTime({ kind: 'lead', timeline, ...(song ? { song } : {}) })),
    rename(name) {
      const called = plainText(name, MAX_NAME).trim();
      if (called !== '') answer(present()?.control({ name: called }));
    },
    setLocked: (locked) => asHost('locks a session', (session) => session.control({ locked })),
    mute: (box, on) =>
      asHost('mutes others', (session) => {
        session.control({ muted: withBox(session.controlState.muted, box, on) });
      }),
    remove: (box) =>
      asHost('puts others out', (session) => {
        if (box === session.box) {
          notHost('the host can’t be put out: hand the session over, or leave it');
          return;
        }
        session.control({ removed: withBox(session.controlState.removed, box, true) });
      }),
    letBackIn: (box) =>
      asHost('lets others back in', (session) => {
        session.control({ removed: withBox(session.controlState.removed, box, false) });
      }),
    handOver: (box) =>
      asHost('hands the session over', (session) => {
        if (!session.hostingByRight) {
          notHost('this box hosts while the host is away: only the host itself hands over');
        } else if (
          !session.context?.participants.some(({ id, connected }) => id === box && connected)
        ) {
          notHost('that participant is not connected: choose another one');
        } else if (box !== session.box) session.control({ host: box });
      }),
  };
}

/** `others` without that box, or with it; whoever was listed first gives way when there are too many. */
const withBox = (others: readonly BoxId[], box: BoxId, on: boolean): BoxId[] =>
  [...others.filter((other) => other !== box), ...(on ? [box] : [])].slice(-MAX_BOXES);

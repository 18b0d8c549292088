/**
 * Sessions: making, finding, joining and leaving them, and who is in the present one.
 *
 * Takes  ports of the outside and the ensemble clock; link statistics from whoever measures them.
 * Gives  an EnsembleContext on each change; participants as their links come and go; the reference whose clock
 *        ensemble time follows; the sessions found on the local network.
 * Keeps  at most one session at a time, and the last one in storage, under `session/last`.
 * Lane   3. Listeners must return at once.
 *
 * The link beneath is plain TCP for the local network: it proves nothing about who is at the far end and hides
 * nothing. It is there until the encrypted link takes its place behind the same interface.
 */
import type { BoxId, EnsembleContext, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import { elapsed, fromSeconds, type Micros } from '../core/time.ts';
import type { TimeWish } from '../timeline/time-wish.ts';
import { isSessionId, MAX_NAME, plainText } from '../transport/link/hello.ts';
import { LinkCounters } from '../transport/link/link-counters.ts';
import { type ActiveSession, openActiveSession, type SelfEntry } from './active-session.ts';
import { openAnnouncer } from './announcer.ts';
import { type ControlPatch, MAX_BEATS_PER_BAR, MAX_TEMPO, MIN_TEMPO } from './control-document.ts';
import { sameValue } from './equality.ts';
import { memberAdvert, readAddresses } from './found-sessions.ts';
import { type LastSession, readLastSession, writeLastSession } from './last-session.ts';
import { openOneAtATime } from './one-at-a-time.ts';
import type { PresenceState } from './presence.ts';
import { openSearch } from './search.ts';
import type {
  ParticipantLink,
  SessionDeps,
  SessionInit,
  SessionManager,
  SessionNotice,
  SessionStats,
  ShownCode,
} from './session.ts';
import { openWaiting } from './waiting.ts';

export type { SessionDeps, SessionInit, SessionManager } from './session.ts';

/** How long discovery may take to show the last session before it is opened again. */
const SEARCH = fromSeconds(4);

/** Browses from now on. Rejects with PortError when storage can't be read. */
export async function openSessionManager(
  deps: SessionDeps,
  init: SessionInit,
): Promise<SessionManager> {
  const { clock, log, storage, randomness } = deps;
  const held = new Teardown();
  const counters = new LinkCounters();
  const boot = randomness.uint32();
  const contexts = new Listeners<[context: EnsembleContext | undefined]>();
  const participants = new Listeners<[link: ParticipantLink, state: 'linked' | 'unlinked']>();
  const notices = new Listeners<[notice: SessionNotice]>();
  const codes = new Listeners<[shown: ShownCode | undefined]>();
  const references = new Listeners<[box: BoxId | 'self', shift: Micros]>();
  const routed = new Listeners<[routes: ReadonlyMap<BoxId, readonly BoxId[]>]>();
  const presences = new Listeners<[box: BoxId, state: PresenceState | undefined]>();
  const operations = openOneAtATime();
  let last: LastSession | undefined = await readLastSession(storage);
  let active: ActiveSession | undefined;
  let presence: PresenceState = { playing: false };
  let self: SelfEntry = {
    name: plainText(init.name, MAX_NAME),
    instrument: plainText(init.instrument, MAX_NAME),
    role: null,
    roleByHand: false,
  };

  const announcer = held.hold(openAnnouncer({ clock, discovery: deps.discovery, log }));
  const search = held.hold(openSearch({ discovery: deps.discovery }, { self: init.box }));
  held.hold(search.onFound(() => active?.setFound(search.members)));

  const announce = (session: ActiveSession, context: EnsembleContext): void =>
    announcer.set(
      memberAdvert({
        box: init.box,
        boxName: self.name,
        session: context.session,
        name: context.name,
        tempo: context.timeline.bpm,
        participants: context.participants.length,
        hosts: context.host === init.box,
        port: session.linkPort,
      }),
    );

  const remember = (session: ActiveSession, context: EnsembleContext): void => {
    const { members } = session;
    // Where they were stays known while nobody is linked.
    const before = last?.session === session.session ? last.members : [];
    const next: LastSession = {
      session: session.session,
      name: context.name,
      members: members.length > 0 ? members : before,
    };
    if (last && sameValue(last, next)) return;
    last = next;
    writeLastSession(storage, next).catch((failure: unknown) =>
      log.warn('the session will not be remembered', { reason: String(failure) }),
    );
  };

  const open = async (session: SessionId, name: string): Promise<ActiveSession> => {
    const opened: ActiveSession = await openActiveSession(
      { ...deps, counters },
      {
        session,
        name,
        box: init.box,
        boot,
        self,
        rtp: init.rtp,
        linkPort: init.linkPort,
        ...(init.host === undefined ? {} : { host: init.host }),
        onParticipant: (...told) => participants.emit(...told),
        onReference: (...told) => references.emit(...told),
        onRoutes: (routes) => routed.emit(routes),
        meshLimit: init.meshLimit,
        onContext(context) {
          announce(opened, context);
          remember(opened, context);
          contexts.emit(context);
        },
      },
    );
    opened.presence.onChange((...told) => presences.emit(...told));
    opened.presence.setSelf(presence);
    return opened;
  };

  const enter = (session: ActiveSession, made?: string): void => {
    active = session;
    session.setFound(search.members);
    session.enter(made);
  };

  const leave = async (): Promise<void> => {
    const left = active;
    if (!left) return;
    active = undefined;
    announcer.set(undefined);
    left.sayGoodbye();
    await left[Symbol.asyncDispose]();
    contexts.emit(undefined);
  };

  /** Enters the session that `reach` brings level, or leaves nothing behind. */
  const enterBy = async (
    session: SessionId,
    name: string,
    reach: (opened: ActiveSession) => Promise<void>,
  ): Promise<void> => {
    if (active?.session === session) return;
    await leave();
    const opened = await open(session, name);
    try {
      await reach(opened);
    } catch (failure) {
      await opened[Symbol.asyncDispose]();
      throw failure;
    }
    enter(opened);
  };

  /** Joins the last session wherever it turns up; returns as well when it doesn't. */
  const seek = async (opened: ActiveSession, signal: AbortSignal): Promise<void> => {
    const since = clock.now();
    const tried = new Set<string>();
    for (;;) {
      const places = [...search.placesOf(opened.session), ...(last?.members ?? [])].filter(
        ({ host, port }) => !tried.has(`${host} ${port}`),
      );
      for (const { host, port } of places) tried.add(`${host} ${port}`);
      if (places.length > 0) {
        try {
          return await opened.reach(places, signal);
        } catch (failure) {
          if (signal.aborted) throw failure;
          if (failure instanceof PortError && ANSWERS.has(failure.code)) throw failure;
          log.info('the last session is not there', { reason: String(failure) });
        }
      }
      const left = (SEARCH - elapsed(since, clock.now())) as Micros;
      if (left <= 0) return;
      const waiting = openWaiting(deps, signal);
      const more = search.onFound(waiting.done);
      try {
        await waiting.until(left, NOTHING_FOUND);
      } catch (failure) {
        if (failure !== NOTHING_FOUND) throw failure;
      } finally {
        more[Symbol.dispose]();
        waiting[Symbol.dispose]();
      }
    }
  };

  const notHost = (text: string): void => notices.emit({ kind: 'notHost', text });
  const locked = (): void =>
    notices.emit({
      kind: 'locked',
      text: 'the host has locked the session: ask it to change that',
    });
  const change = (patch: ControlPatch): void => {
    if (active?.control(patch) === false) locked();
  };
  const setTime = (wish: TimeWish): void => {
    if (active?.setTime(wish) === false) locked();
  };
  /** `others` without that box, or with it. */
  const withBox = (others: readonly BoxId[], box: BoxId, on: boolean): BoxId[] =>
    [...others.filter((other) => other !== box), ...(on ? [box] : [])].sort();

  return {
    get context() {
      return active?.context;
    },
    onContext: (listener) => contexts.add(listener),
    create: (name) =>
      operations.run(async () => {
        await leave();
        const called = plainText(name, MAX_NAME).trim() || self.name || 'Session';
        enter(await open(newSessionId(randomness.bytes(16)), called), called);
      }),
    join: (target, signal) =>
      operations.run(async (abort) => {
        const addresses = readAddresses(target);
        if (!isSessionId(target.session) || addresses.length === 0) {
          throw new PortError(
            'invalid',
            `there is no address to reach "${target.name}" at; choose it from the list again`,
          );
        }
        await enterBy(target.session, plainText(target.name, MAX_NAME), (opened) =>
          opened.reach(addresses, abort),
        );
      }, signal),
    leave: () => operations.run(leave),
    rejoinLast: (signal) =>
      operations.run(async (abort) => {
        if (!last) {
          throw new PortError(
            'unavailable',
            'this box has been in no session yet; join one from the list, or make one',
          );
        }
        await enterBy(last.session, last.name, (opened) => seek(opened, abort));
      }, signal),
    get last() {
      return last && { name: last.name, session: last.session };
    },

    setMode: (mode) => change({ mode }),
    setTempo(bpm) {
      if (!Number.isFinite(bpm)) return;
      const within = Math.min(MAX_TEMPO, Math.max(MIN_TEMPO, bpm));
      setTime({ kind: 'tempo', bpm: within });
    },
    setPlaying: (playing, { countInBars = 0 } = {}) =>
      setTime(playing ? { kind: 'play', countInBars } : { kind: 'stop' }),
    leadTime: (timeline, song) => setTime({ kind: 'lead', timeline, ...(song ? { song } : {}) }),
    rename(name) {
      const called = plainText(name, MAX_NAME).trim();
      if (called !== '') change({ name: called });
    },
    setLocked(on) {
      if (active?.hosting) active.control({ locked: on });
      else notHost('only the host locks a session');
    },
    mute(box, muted) {
      if (active?.hosting)
        active.control({ muted: withBox(active.controlState.muted, box, muted) });
      else notHost('only the host mutes others');
    },
    remove(box) {
      if (active?.hosting) {
        active.control({ removed: withBox(active.controlState.removed, box, true) });
      } else notHost('only the host puts others out');
    },
    letBackIn(box) {
      if (active?.hosting) {
        active.control({ removed: withBox(active.controlState.removed, box, false) });
      } else notHost('only the host lets others back in');
    },
    handOver(box) {
      if (active?.hosting) active.handOver(box);
      else notHost('only the host hands the session over');
    },
    setMetre(beatsPerBar) {
      const beats = Math.round(Math.min(MAX_BEATS_PER_BAR, Math.max(1, beatsPerBar)));
      if (Number.isFinite(beats)) setTime({ kind: 'metre', beatsPerBar: beats });
    },
    onNotice: (listener) => notices.add(listener),
    get code() {
      return undefined;
    },
    onCode: (listener) => codes.add(listener),
    declineGuest() {},
    get known() {
      return [];
    },
    forget() {},
    invite: () =>
      Promise.reject(
        new PortError('unavailable', 'no control server is set: enter one in the settings'),
      ),
    openInvitation: () =>
      Promise.reject(
        new PortError('unavailable', 'no control server is set: enter one in the settings'),
      ),
    setSelf({ name, instrument, role }) {
      self = {
        name: name === undefined ? self.name : plainText(name, MAX_NAME),
        instrument: instrument === undefined ? self.instrument : plainText(instrument, MAX_NAME),
        role: role === undefined ? self.role : role,
        roleByHand: role === undefined ? self.roleByHand : role !== null,
      };
      active?.setSelf(self);
    },
    reportStats: (peer, stats) => active?.reportStats(peer, stats),

    onParticipant: (listener) => participants.add(listener),
    get reference() {
      return active?.reference;
    },
    onReference: (listener) => references.add(listener),
    onRoutes: (listener) => routed.add(listener),
    setPresence(state) {
      presence = state;
      active?.presence.setSelf(state);
    },
    onPresence: (listener) => presences.add(listener),

    get found() {
      return search.found;
    },
    onFound: (listener) => search.onFound(listener),
    get stats(): SessionStats {
      const { framesIn, framesOut, octetsIn, octetsOut, refused, cut } = counters;
      const links = active?.links ?? 0;
      return { links, framesIn, framesOut, octetsIn, octetsOut, refused, cut: { ...cut } };
    },
    async [Symbol.asyncDispose]() {
      await operations.close(leave);
      await held[Symbol.asyncDispose]();
    },
  };
}

/** Codes by which a box that is there said no: no reason to open the session again beside it. */
const ANSWERS: ReadonlySet<string> = new Set(['denied', 'full', 'closed']);
const NOTHING_FOUND = new PortError('unavailable', 'the last session was not found');

const newSessionId = (octets: Uint8Array): SessionId =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('') as SessionId;

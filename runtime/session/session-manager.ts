/**
 * Sessions: making, finding, joining and leaving them, and who is in the present one.
 *
 * Takes  ports of the outside and the ensemble clock; link statistics from whoever measures them.
 * Gives  an EnsembleContext on each change; participants as their links come and go; the reference whose clock
 *        ensemble time follows; the sessions found on the local network.
 * Keeps  at most one session at a time, and the last one in storage, under `session/last`.
 * Lane   3. Listeners must return at once.
 */
import type { Invitation } from '../control/control-plane.ts';
import type { BoxId, EnsembleContext, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { JoinFailure } from '../core/join-failure.ts';
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import type { Micros } from '../core/time.ts';
import { type MembershipProof, newSession } from '../privacy/membership-proof.ts';
import { isSessionId, MAX_NAME, plainText } from '../transport/link/hello.ts';
import { LinkCounters } from '../transport/link/link-counters.ts';
import type { ActiveSession, SelfEntry } from './active-session.ts';
import { type AdmissionFacts, openAdmission } from './admission.ts';
import { openAnnouncer } from './announcer.ts';
import { openAnnouncing } from './announcing.ts';
import { sameValue } from './equality.ts';
import { hostNotices } from './host-notices.ts';
import { type LastSession, readLastSession, writeLastSession } from './last-session.ts';
import { openOneAtATime } from './one-at-a-time.ts';
import { openActiveSession } from './open-active-session.ts';
import type { PresenceState } from './presence.ts';
import { openSearch } from './search.ts';
import type {
  CodePrompt,
  ParticipantLink,
  SessionDeps,
  SessionInit,
  SessionManager,
  SessionNotice,
  SessionStats,
} from './session.ts';
import { type KeptDocuments, openSessionStore } from './session-store.ts';
import { sessionWishes } from './session-wishes.ts';
import { seekLast, wayOfInvitation, wayTo } from './ways-in.ts';
import { openWriteCounter } from './write-counter.ts';

export type { SessionDeps, SessionInit, SessionManager } from './session.ts';

/** Browses from now on. Rejects with PortError when storage can't be read. */
export async function openSessionManager(
  deps: SessionDeps,
  init: SessionInit,
): Promise<SessionManager> {
  const { clock, log, storage, randomness, identity, controlPlane } = deps;
  const { box } = identity;
  const held = new Teardown();
  const counters = new LinkCounters();
  const boot = randomness.uint32();
  const contexts = new Listeners<[context: EnsembleContext | undefined]>();
  const participants = new Listeners<[link: ParticipantLink, state: 'linked' | 'unlinked']>();
  const notices = new Listeners<[notice: SessionNotice]>();
  const references = new Listeners<[box: BoxId | 'self', shift: Micros]>();
  const routed = new Listeners<[routes: ReadonlyMap<BoxId, readonly BoxId[]>]>();
  const presences = new Listeners<[box: BoxId, state: PresenceState | undefined]>();
  const operations = openOneAtATime();
  let last: LastSession | undefined = await readLastSession(storage);
  const counter = await openWriteCounter({ storage, log });
  const store = openSessionStore({ clock, storage, log });
  const admission = held.hold(
    await openAdmission(deps, { security: init.security ?? 'encrypted' }),
  );
  let active: ActiveSession | undefined;
  let kept: KeptDocuments | undefined;
  let proof: MembershipProof | undefined;
  let presence: PresenceState = { playing: false };
  let self: SelfEntry = {
    name: plainText(init.name, MAX_NAME),
    instrument: plainText(init.instrument, MAX_NAME),
    role: null,
    roleByHand: false,
    carryOn: init.carryOn ?? false,
  };

  const announcer = held.hold(openAnnouncer({ clock, discovery: deps.discovery, log }));
  const announcing = openAnnouncing({ announcer, controlPlane }, { box });
  const search = held.hold(openSearch({ discovery: deps.discovery }, { self: box }));
  held.hold(search.onFound(() => active?.setFound(search.members)));

  const remember = (session: ActiveSession, context: EnsembleContext): void => {
    const { members } = session;
    // Where they were stays known while nobody is linked.
    const before = last?.session === session.session ? last.members : [];
    const next: LastSession = {
      session: session.session,
      name: context.name,
      members: members.length > 0 ? members : before,
      ...(proof ? { proof } : {}),
    };
    if (last && sameValue({ ...last, proof: undefined }, { ...next, proof: undefined })) {
      if (last.proof === next.proof) return;
    }
    last = next;
    writeLastSession(storage, next).catch((failure: unknown) =>
      log.warn('the session will not be remembered', { reason: String(failure) }),
    );
  };

  const notify = (notice: SessionNotice): void => notices.emit(notice);

  const open = async (session: SessionId, name: string): Promise<ActiveSession> => {
    let context: EnsembleContext | undefined;
    let live: ActiveSession | undefined;
    const facts: AdmissionFacts = {
      session,
      proof,
      hosting: () => live?.hosting === true,
      removed: (other) => live?.controlState.removed.includes(other) === true,
      listed: (other) => live?.lists(other) === true,
      onProof(given) {
        proof = given;
        if (live && context && active === live) remember(live, context);
      },
    };
    const opened: ActiveSession = await openActiveSession(
      { ...deps, counters, counter },
      {
        session,
        name,
        box,
        boot,
        self,
        rtp: init.rtp,
        linkPort: init.linkPort,
        ...(init.host === undefined ? {} : { host: init.host }),
        credentials: admission.credentials(facts),
        stored: await store.load(session),
        onParticipant: (...told) => participants.emit(...told),
        onReference: (...told) => references.emit(...told),
        onRoutes: (routes) => routed.emit(routes),
        meshLimit: init.meshLimit,
        sizeLimit: init.sizeLimit,
        onCut: (text) => notify({ kind: 'cut', text }),
        onRemoved() {
          notify({
            kind: 'removed',
            text: 'the host has put you out of the session: ask the host to let you back in',
          });
          operations.run(leave).catch((failure: unknown) => {
            log.warn('the session could not be left', { reason: String(failure) });
          });
        },
        onContext(next) {
          announcing.tell(next, { name: self.name, port: opened.linkPort });
          remember(opened, next);
          for (const notice of hostNotices(box, context, next)) notify(notice);
          // Whoever was put out may know one, and would come back by it as somebody else.
          if (isPutOut(context, next)) admission.invitations.revokeAll(session);
          context = next;
          contexts.emit(next);
        },
      },
    );
    live = opened;
    opened.presence.onChange((...told) => presences.emit(...told));
    opened.presence.setSelf(presence);
    return opened;
  };

  const enter = (session: ActiveSession, made?: Parameters<ActiveSession['enter']>[0]): void => {
    active = session;
    kept = store.keep(session.session, () => session.encode());
    session.onLasting(() => kept?.touch());
    session.setFound(search.members);
    session.enter(made);
  };

  const leave = async (): Promise<void> => {
    const left = active;
    if (!left) return;
    active = undefined;
    announcing.stop();
    left.sayGoodbye();
    await kept?.[Symbol.asyncDispose]();
    kept = undefined;
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
    proof = last?.session === session ? last.proof : undefined;
    const opened = await open(session, name);
    try {
      await reach(opened);
    } catch (failure) {
      await opened[Symbol.asyncDispose]();
      throw failure;
    }
    enter(opened);
  };

  const invited = async (link: string, signal: AbortSignal, enterCode?: CodePrompt) => {
    if (!controlPlane) throw NO_SERVER();
    const { session, name, host, members, secret } = await controlPlane.open(link, signal);
    const places = wayOfInvitation({ search }, { session, host, members });
    await enterBy(session, plainText(name, MAX_NAME), (opened) =>
      opened.reach(places, signal, { invitation: secret, ...(enterCode ? { enterCode } : {}) }),
    );
  };

  const invite = async (): Promise<Invitation> => {
    if (!controlPlane) throw NO_SERVER();
    const session = active;
    if (!session) throw new PortError('unavailable', 'join or make a session first');
    if (!session.hosting) {
      throw new JoinFailure('askHost', 'only the host invites: ask it for an invitation');
    }
    const invitation = await controlPlane.invite();
    admission.invitations.add(invitation.secret, session.session, invitation.expiresAt);
    return invitation;
  };

  return {
    ...sessionWishes(() => active, notify),
    get context() {
      return active?.context;
    },
    onContext: (listener) => contexts.add(listener),
    create: (name) =>
      operations.run(async () => {
        await leave();
        const called = plainText(name, MAX_NAME).trim() || self.name || 'Session';
        const made = newSession(identity, randomness);
        proof = made.proof;
        enter(await open(made.session, called), { name: called, proof: made.proof });
      }),
    join: (target, signal, enterCode) =>
      operations.run(async (abort) => {
        const { places, ...entry } = wayTo(target, last);
        if (!isSessionId(target.session) || places.length === 0) {
          throw new PortError(
            'invalid',
            `there is no address to reach "${target.name}" at; choose it from the list again`,
          );
        }
        await enterBy(target.session, plainText(target.name, MAX_NAME), (opened) =>
          opened.reach(places, abort, { ...entry, ...(enterCode ? { enterCode } : {}) }),
        );
      }, signal),
    invite,
    openInvitation: (link, signal, enterCode) =>
      operations.run((abort) => invited(link, abort, enterCode), signal),
    leave: () => operations.run(leave),
    rejoinLast: (signal, enterCode) =>
      operations.run(async (abort) => {
        if (!last) {
          throw new PortError(
            'unavailable',
            'this box has been in no session yet; join one from the list, or make one',
          );
        }
        const sought = last;
        await enterBy(sought.session, sought.name, ({ reach }) =>
          seekLast(
            { clock, log, search, controlPlane },
            { self: box, last: sought, entry: enterCode ? { enterCode } : {}, reach },
            abort,
          ),
        );
      }, signal),
    get last() {
      return last && { name: last.name, session: last.session };
    },

    onNotice: (listener) => notices.add(listener),
    get code() {
      return admission.codes.shown;
    },
    onCode: (listener) => admission.codes.onCode(listener),
    declineGuest: () => admission.codes.decline(),
    get known() {
      const all = admission.known.all.map(({ box: id, name, metAt }) => ({ box: id, name, metAt }));
      return all.sort((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
    },
    forget: (id) => admission.known.forget(id),
    setSelf({ name, instrument, role, carryOn }) {
      self = {
        name: name === undefined ? self.name : plainText(name, MAX_NAME),
        instrument: instrument === undefined ? self.instrument : plainText(instrument, MAX_NAME),
        role: role === undefined ? self.role : role,
        roleByHand: role === undefined ? self.roleByHand : role !== null,
        carryOn: carryOn ?? self.carryOn,
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

/** Whether somebody more is. */
const isPutOut = (before: EnsembleContext | undefined, { removed }: EnsembleContext): boolean =>
  before !== undefined &&
  removed.some(({ id }) => !before.removed.some((other) => other.id === id));

const NO_SERVER = (): PortError =>
  new PortError('unavailable', 'no control server is set: enter one in the settings');

/**
 * Sessions: making, finding, joining and leaving them, and who is in the present one.
 *
 * Takes  ports of the outside and the ensemble clock; link statistics from whoever measures them.
 * Gives  an EnsembleContext on each change; participants as their links come and go; the reference whose clock
 *        ensemble time follows; the sessions found on the local network.
 * Keeps  at most one session at a time, and the last one in storage, under `session/last`.
 * Lane   3. Listeners must return at once.
 */
import type { DirectoryEntry, Invitation } from '../control/control-plane.ts';
import type { BoxId, EnsembleContext, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { JoinFailure } from '../core/join-failure.ts';
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import { elapsed, fromSeconds, type Micros } from '../core/time.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { LinkEntry } from '../privacy/credentials.ts';
import { type MembershipProof, newSession } from '../privacy/membership-proof.ts';
import { isSessionId, MAX_NAME, plainText } from '../transport/link/hello.ts';
import { LinkCounters } from '../transport/link/link-counters.ts';
import { placeOfBox } from '../transport/link/place.ts';
import { type ActiveSession, openActiveSession, type SelfEntry } from './active-session.ts';
import { type AdmissionFacts, openAdmission } from './admission.ts';
import { openAnnouncer } from './announcer.ts';
import { sameValue } from './equality.ts';
import { memberAdvert, readAddresses } from './found-sessions.ts';
import { type LastSession, readLastSession, writeLastSession } from './last-session.ts';
import { openOneAtATime } from './one-at-a-time.ts';
import type { PresenceState } from './presence.ts';
import { openSearch } from './search.ts';
import type {
  CodePrompt,
  JoinTarget,
  ParticipantLink,
  SessionDeps,
  SessionInit,
  SessionManager,
  SessionNotice,
  SessionStats,
} from './session.ts';
import { type KeptDocuments, openSessionStore } from './session-store.ts';
import { sessionWishes } from './session-wishes.ts';
import { openWaiting } from './waiting.ts';
import { openWriteCounter } from './write-counter.ts';

export type { SessionDeps, SessionInit, SessionManager } from './session.ts';

/** How long discovery may take to show the last session before it is opened again. */
const SEARCH = fromSeconds(4);

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
  let published: DirectoryEntry | undefined;
  let proof: MembershipProof | undefined;
  let presence: PresenceState = { playing: false };
  let self: SelfEntry = {
    name: plainText(init.name, MAX_NAME),
    instrument: plainText(init.instrument, MAX_NAME),
    role: null,
    roleByHand: false,
  };

  const announcer = held.hold(openAnnouncer({ clock, discovery: deps.discovery, log }));
  const search = held.hold(openSearch({ discovery: deps.discovery }, { self: box }));
  held.hold(search.onFound(() => active?.setFound(search.members)));

  /** On the local network, and with the control plane. */
  const announce = (session: ActiveSession, context: EnsembleContext): void => {
    const { name, timeline, host } = context;
    const all = context.participants.filter(({ connected }) => connected);
    announcer.set(
      memberAdvert({
        box,
        boxName: self.name,
        session: context.session,
        name,
        tempo: timeline.bpm,
        participants: context.participants.length,
        hosts: host === box,
        port: session.linkPort,
      }),
    );
    const entry: DirectoryEntry = {
      session: context.session,
      name,
      host,
      hostName: all.find(({ id }) => id === host)?.name ?? self.name,
      members: [host, ...all.map(({ id }) => id).filter((id) => id !== host)],
      tempo: timeline.bpm,
      participants: context.participants.length,
    };
    if (sameValue(entry, published)) return;
    published = entry;
    controlPlane?.publish(entry);
  };

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

  /** What the host has done to this box, in words. */
  const tellChanges = (before: EnsembleContext | undefined, now: EnsembleContext): void => {
    if (!before) return;
    const [own] = now.participants;
    if (own && own.muted !== before.participants[0]?.muted) {
      notify(
        own.muted
          ? { kind: 'muted', text: 'the host has muted you: nobody hears what you play' }
          : { kind: 'unmuted', text: 'you are heard again' },
      );
    }
    if (now.host === box && before.host !== box) {
      notify({ kind: 'hosting', text: 'you host the session now' });
    }
  };

  const open = async (session: SessionId, name: string): Promise<ActiveSession> => {
    let context: EnsembleContext | undefined;
    let live: ActiveSession | undefined;
    const facts: AdmissionFacts = {
      session,
      proof,
      hosting: () => live?.hosting === true,
      removed: (other) => live?.controlState.removed.includes(other) === true,
      listed: (other) => opened.lists(other),
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
          announce(opened, next);
          remember(opened, next);
          tellChanges(context, next);
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
    session.onChange(() => kept?.touch());
    session.setFound(search.members);
    session.enter(made);
  };

  const leave = async (): Promise<void> => {
    const left = active;
    if (!left) return;
    active = undefined;
    announcer.set(undefined);
    published = undefined;
    controlPlane?.publish(undefined);
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

  /** Members that the control plane knows of. */
  const membersElsewhere = async (
    session: SessionId,
    signal: AbortSignal,
  ): Promise<readonly NetAddress[]> => {
    if (controlPlane?.state !== 'online') return [];
    try {
      const entry = await controlPlane.find(session, signal);
      return (entry?.members ?? []).filter((id) => id !== box).map((id) => placeOfBox(id));
    } catch (failure) {
      if (signal.aborted) throw failure;
      log.info('the control server does not know the last session', { reason: String(failure) });
      return [];
    }
  };

  /** Joins the last session wherever it turns up; returns as well when it doesn't. */
  const seek = async (
    opened: ActiveSession,
    signal: AbortSignal,
    entry: LinkEntry,
  ): Promise<void> => {
    const since = clock.now();
    const tried = new Set<string>();
    const elsewhere = await membersElsewhere(opened.session, signal);
    for (;;) {
      const known = [...search.placesOf(opened.session), ...(last?.members ?? []), ...elsewhere];
      const places = known.filter(({ host, port }) => !tried.has(`${host} ${port}`));
      for (const { host, port } of places) tried.add(`${host} ${port}`);
      if (places.length > 0) {
        try {
          return await opened.reach(places, signal, entry);
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

  /** Whoever has no proof is let in by the host alone: it is asked at once where it is known. */
  const wayTo = (
    target: JoinTarget,
  ): { readonly places: readonly NetAddress[]; readonly expected?: BoxId } => {
    const hosts = readAddresses(target.hostAddresses ?? [], target.port);
    const shown = last?.session === target.session && last.proof !== undefined;
    if (hosts.length === 0 || shown) {
      return { places: readAddresses(target.addresses, target.port) };
    }
    const { expected } = target;
    return { places: hosts, ...(expected === undefined ? {} : { expected }) };
  };

  const invited = async (link: string, signal: AbortSignal, enterCode?: CodePrompt) => {
    if (!controlPlane) throw NO_SERVER();
    const { session, name, host, members, secret } = await controlPlane.open(link, signal);
    const near = search.members.filter((member) => member.session === session && member.hosts);
    const places = [
      ...near.flatMap(({ addresses, port }) =>
        addresses.map((address) => ({ host: address, port })),
      ),
      ...[host, ...members.filter((member) => member !== host)].map((member) => placeOfBox(member)),
    ];
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
        const { places, ...entry } = wayTo(target);
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
        await enterBy(last.session, last.name, (opened) =>
          seek(opened, abort, enterCode ? { enterCode } : {}),
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

const NO_SERVER = (): PortError =>
  new PortError('unavailable', 'no control server is set: enter one in the settings');

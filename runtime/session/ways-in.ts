/**
 * Where a session may be entered, and looking for one that was left.
 *
 * Takes  what was found, what is remembered, the control plane.
 * Gives  places to dial, those first where this box will be let in.
 */
import type { ControlPlane } from '../control/control-plane.ts';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { elapsed, fromSeconds, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { LinkEntry } from '../privacy/credentials.ts';
import { placeOfBox } from '../transport/link/place.ts';
import { readAddresses } from './found-sessions.ts';
import type { LastSession } from './last-session.ts';
import type { Search } from './search.ts';
import type { JoinTarget } from './session.ts';
import { openWaiting } from './waiting.ts';

export interface WaysInDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly search: Search;
  readonly controlPlane: ControlPlane | undefined;
}

export interface WayIn {
  readonly places: readonly NetAddress[];
  /** Whoever answers there has to be that box. */
  readonly expected?: BoxId;
}

/** How long discovery may take to show the last session before it is opened again. */
const SEARCH = fromSeconds(4);
/** Codes by which a box that is there said no: no reason to open the session again beside it. */
const ANSWERS: ReadonlySet<string> = new Set(['denied', 'full', 'closed']);
const NOTHING_FOUND = new PortError('unavailable', 'the last session was not found');

/** Whoever has no proof is let in by the host alone: it is asked at once where it is known. */
export function wayTo(target: JoinTarget, last: LastSession | undefined): WayIn {
  const hosts = readAddresses(target.hostAddresses ?? [], target.port);
  const shown = last?.session === target.session && last.proof !== undefined;
  if (hosts.length === 0 || shown) return { places: readAddresses(target.addresses, target.port) };
  const { expected } = target;
  return { places: hosts, ...(expected === undefined ? {} : { expected }) };
}

/** To where an invitation leads: the host, on the local network if it is there, and else the members. */
export function wayOfInvitation(
  { search }: Pick<WaysInDeps, 'search'>,
  entry: { readonly session: SessionId; readonly host: BoxId; readonly members: readonly BoxId[] },
): readonly NetAddress[] {
  const { session, host, members } = entry;
  const near = search.members.filter((member) => member.session === session && member.hosts);
  return [
    ...near.flatMap(({ addresses, port }) => addresses.map((address) => ({ host: address, port }))),
    ...[host, ...members.filter((member) => member !== host)].map((member) => placeOfBox(member)),
  ];
}

/** Joins the last session wherever it turns up; returns as well when it doesn't. */
export async function seekLast(
  deps: WaysInDeps,
  init: {
    readonly self: BoxId;
    readonly last: LastSession;
    readonly entry: LinkEntry;
    readonly reach: (
      places: readonly NetAddress[],
      signal: AbortSignal,
      entry: LinkEntry,
    ) => Promise<void>;
  },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, search } = deps;
  const { last } = init;
  const since = clock.now();
  const tried = new Set<string>();
  const elsewhere = await membersElsewhere(deps, init.self, last.session, signal);
  for (;;) {
    const known = [...search.placesOf(last.session), ...last.members, ...elsewhere];
    const places = known.filter(({ host, port }) => !tried.has(`${host} ${port}`));
    for (const { host, port } of places) tried.add(`${host} ${port}`);
    if (places.length > 0) {
      try {
        return await init.reach(places, signal, init.entry);
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
}

/** Members that the control plane knows of. */
async function membersElsewhere(
  { controlPlane, log }: WaysInDeps,
  self: BoxId,
  session: SessionId,
  signal: AbortSignal,
): Promise<readonly NetAddress[]> {
  if (controlPlane?.state !== 'online') return [];
  try {
    const entry = await controlPlane.find(session, signal);
    return (entry?.members ?? []).filter((id) => id !== self).map((id) => placeOfBox(id));
  } catch (failure) {
    if (signal.aborted) throw failure;
    log.info('the control server does not know the last session', { reason: String(failure) });
    return [];
  }
}

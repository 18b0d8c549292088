/**
 * What a box that signed in may ask for, and the answers.
 *
 * Takes  one request at a time of one connection, so that what it sends keeps its order.
 * Gives  exactly one answer for each; undefined: it comes later (a tunnel that somebody has to accept).
 * Keeps  what this connection published.
 */
import type { BoxId } from '../../core/ensemble.ts';
import type { Clock, WallClock } from '../../ports/clock.ts';
import type { BoxRequest, RefusalCode, ServerAnswer } from '../message.ts';
import { count, type ServerCounters } from './counters.ts';
import type { Directory, Published } from './directory.ts';
import type { Invitations } from './invitations.ts';
import type { Rates } from './limits.ts';
import type { Signalling } from './signalling.ts';
import type { BoxTunnels } from './tunnels.ts';
import { iceServersFor, type TurnInit } from './turn-credentials.ts';

export interface RequestDeps {
  readonly clock: Clock & WallClock;
  readonly directory: Directory;
  readonly invitations: Invitations;
  readonly signalling: Signalling;
  readonly counters: ServerCounters;
  readonly turn: TurnInit;
  /** Invitations tried, by account and by address. */
  readonly opens: Rates;
  readonly opensByAddress: Rates;
}

/** Answers are small, and the store is quick: more at once is a flood. */
export class BoxRequests implements AsyncDisposable {
  readonly #deps: RequestDeps;
  readonly #tunnels: BoxTunnels;
  readonly #box: BoxId;
  readonly #group: string;
  #published: Published | undefined;

  constructor(
    deps: RequestDeps,
    tunnels: BoxTunnels,
    init: { readonly box: BoxId; readonly group: string },
  ) {
    this.#deps = deps;
    this.#tunnels = tunnels;
    this.#box = init.box;
    this.#group = init.group;
  }

  async answer(request: BoxRequest): Promise<ServerAnswer | undefined> {
    const answer = await this.#answer(request);
    if (answer?.type === 'refused') count(this.#deps.counters.refused, answer.code);
    return answer;
  }

  async renew(): Promise<void> {
    await this.#published?.renew();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#published?.[Symbol.asyncDispose]();
    this.#published = undefined;
  }

  async #answer(request: BoxRequest): Promise<ServerAnswer | undefined> {
    const { id } = request;
    switch (request.type) {
      case 'signal': {
        const outcome = await this.#deps.signalling.pass(this.#box, request.to, request.message);
        if (outcome === 'tooOften') return refuse(id, 'busy', 'too many signalling messages');
        if (outcome === 'notOnline') return refuse(id, 'unavailable', 'that box is not online');
        return { type: 'done', id };
      }
      case 'ice': {
        const { turn, clock } = this.#deps;
        const servers = iceServersFor(turn, this.#box, clock);
        return { type: 'ice', id, servers, lasts: turn.lastsSeconds };
      }
      case 'publish': {
        const before = this.#published;
        this.#published = undefined;
        if (request.entry?.session !== before?.entry.session) await before?.[Symbol.asyncDispose]();
        if (request.entry)
          this.#published = await this.#deps.directory.publish(this.#box, request.entry);
        return { type: 'done', id };
      }
      case 'tunnel':
        return this.#tunnels.ask(id, request.to);
      case 'find': {
        const entry = await this.#deps.directory.find(request.session);
        return { type: 'entry', id, entry: entry ?? null };
      }
      case 'invite':
        return this.#invite(id);
      case 'revoke':
        return (await this.#deps.invitations.revoke(this.#box, request.code))
          ? { type: 'done', id }
          : refuse(id, 'invalid', 'that is no invitation of this box, or it has expired');
      case 'open':
        return this.#open(id, request.code);
    }
  }

  async #invite(id: number): Promise<ServerAnswer> {
    const session = this.#published?.entry.session;
    if (!session) return refuse(id, 'invalid', 'there is no session to invite to');
    const made = await this.#deps.invitations.make(this.#box, session);
    if (!made) return refuse(id, 'full', 'too many invitations are open; revoke some');
    this.#deps.counters.invitationsMade++;
    return { type: 'invitation', id, ...made };
  }

  /** Expired, revoked and never made look alike, and trying is slow: a code can't be guessed. */
  async #open(id: number, code: string): Promise<ServerAnswer> {
    const { clock, counters, opens, opensByAddress, invitations, directory } = this.#deps;
    const now = clock.now();
    if (!opens.take(this.#box, now) || !opensByAddress.take(this.#group, now))
      return refuse(id, 'busy', 'too many invitations were tried; wait a minute');
    const session = await invitations.sessionOf(code);
    if (!session) {
      counters.invitationsMissed++;
      return refuse(
        id,
        'unavailable',
        'the invitation has expired or was withdrawn; ask for a new one',
      );
    }
    const entry = await directory.find(session);
    if (!entry) return refuse(id, 'unavailable', 'nobody of that session is online now');
    counters.invitationsOpened++;
    return { type: 'entry', id, entry };
  }
}

const refuse = (id: number, code: RefusalCode, reason: string): ServerAnswer => ({
  type: 'refused',
  id,
  code,
  reason,
});

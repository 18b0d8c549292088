/** Why a box is not connected to its control plane, for people: what happened, and what to do. */
import { JoinFailure } from '../core/join-failure.ts';
import { fromMillis, fromSeconds, type Micros } from '../core/time.ts';
import { CLOSE_CODES } from './message.ts';

export interface Farewell {
  readonly problem: string;
  /** Dialing sooner is of no use; undefined: as soon as the back-off says. */
  readonly wait?: Micros;
}

export function farewellFrom(server: string, code: number, reason: string): Farewell {
  const said = reason === '' ? '' : ` (${reason})`;
  switch (code) {
    case CLOSE_CODES.goingAway:
      return { problem: `${server} is being restarted` };
    case CLOSE_CODES.tryLater:
      return { problem: `${server} is full${said}; trying again`, wait: fromSeconds(10) };
    case CLOSE_CODES.malformed:
      return {
        problem: `${server} does not understand this box${said}; update both`,
        wait: fromSeconds(60),
      };
    case CLOSE_CODES.wrongSignature:
      return {
        problem: `${server} is known by another name${said}; set control.server to that`,
        wait: fromSeconds(60),
      };
    case CLOSE_CODES.replaced:
      return {
        problem: `another box has the identity of this one and is connected to ${server}; was its card copied?`,
        wait: fromSeconds(20),
      };
    case CLOSE_CODES.tooMany:
      return { problem: `${server} found this box too talkative${said}`, wait: fromSeconds(5) };
    case CLOSE_CODES.noAccount:
      return {
        problem: `${server} admits no new boxes; ask whoever runs it`,
        wait: fromSeconds(60),
      };
    case CLOSE_CODES.tooSlow:
      return { problem: `the network is too slow for ${server}`, wait: fromMillis(500) };
    default:
      return { problem: `the connection to ${server} broke${said}` };
  }
}

export const unreachable = (server: string, problem: string): JoinFailure =>
  new JoinFailure(
    'serverUnreachable',
    problem === '' ? `${server} does not answer; check the network` : problem,
    { who: server },
  );

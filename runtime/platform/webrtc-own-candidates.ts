/**
 * When a connection tells the far end its own candidates.
 *
 * Takes  candidates as they are gathered, and word that the answer has been taken.
 * Gives  them at once; an offerer's host candidates only HOLD after the answer.
 *
 * libdatachannel 0.24 begins DTLS as soon as ICE is connected. An answerer that knows the offerer's address is connected
 * before the offerer has taken the answer, and then either secures the connection while the offerer does not know yet which
 * certificate to expect (it breaks off: one in a hundred on a busy machine), or says its ClientHello before the offerer listens
 * (it is said again after a second). Without that address the offerer's checks come first, and the offerer is ready first.
 * Through a NAT the offerer's checks need those of the answerer, and the way there is too long for either to happen: what a
 * server says of the offerer's address is told at once.
 */
import { after, fromSeconds } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { PeerSignal } from '../ports/peer-connection.ts';

type Candidate = Extract<PeerSignal, { readonly kind: 'candidate' }>;

/** Time for the offerer's checks to be answered, on any local network. By then a firewall may need the answerer's. */
const HOLD = fromSeconds(0.1);

export class OwnCandidates implements Disposable {
  readonly #clock: Clock;
  readonly #holds: boolean;
  readonly #tell: (candidate: Candidate) => void;
  readonly #alarm: Alarm;
  readonly #held: Candidate[] = [];
  #released = false;

  constructor(clock: Clock, role: 'offerer' | 'answerer', tell: (candidate: Candidate) => void) {
    this.#clock = clock;
    this.#holds = role === 'offerer';
    this.#tell = tell;
    this.#alarm = clock.alarm(() => this.#release());
  }

  found(candidate: Candidate, type: string): void {
    if (this.#holds && type === 'host' && !this.#released) this.#held.push(candidate);
    else this.#tell(candidate);
  }

  answered(): void {
    if (this.#holds) this.#alarm.set(after(this.#clock.now(), HOLD));
  }

  [Symbol.dispose](): void {
    this.#alarm[Symbol.dispose]();
  }

  #release(): void {
    this.#released = true;
    for (const candidate of this.#held.splice(0)) this.#tell(candidate);
  }
}

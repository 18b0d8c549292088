/**
 * The session's time: whose clock it follows, and carrying it on when that box goes away.
 *
 * Takes  the control document, who stands where (membership.ts), and the ensemble clock.
 * Gives  word of the reference to follow; takes the host's or the reference's place in the document when that is this
 *        box's duty, with ensemble time going on as it was.
 * Keeps  the reference told last.
 */
import type { BoxId, LinkStats } from '../core/ensemble.ts';
import {
  type EnsembleTime,
  elapsed,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
} from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { fulfil, type TimeWish } from '../timeline/time-wish.ts';
import type { ControlDocument, ControlPatch } from './control-document.ts';
import type { BootedBox } from './control-values.ts';
import type { Standing } from './membership.ts';
import type { ParticipantEntry } from './participants-document.ts';
import type { SessionClock } from './session.ts';

export interface Reference {
  readonly box: BoxId | 'self';
  readonly shift: Micros;
}

export interface TimeKeeping {
  /** Undefined: nobody told this box the session's time, as when it opens a session again and is alone. */
  readonly reference: Reference | undefined;
  /** This box made the session: its clock is the session's time. */
  begin(name: string): void;
  /** Takes over what is vacant and this box's to take. Not before the documents are level with all peers. */
  takeOver(standing: Standing): void;
  /** Tells of another reference, if there is one. */
  follow(entries: ReadonlyMap<BoxId, ParticipantEntry>): void;
  /** Whether this box could carry the session's time on. */
  keepsTime(linked: ReadonlySet<BoxId>): boolean;
  /** Timeline and song as wished, for everybody at the same ensemble time. */
  fulfil(wish: TimeWish): void;
}

/** From being told of a reference to having its clock, at the soonest. */
const SETTLING = fromSeconds(2);
const BEATS_PER_BAR = 4;
const TEMPO = 120;

/** Alone: instruments have their clock so long before. With others, before anything is known of the way to them. */
const ALONE = fromMillis(120);
const TOGETHER = fromMillis(150);
const LONGEST_NOTICE = fromSeconds(1);

/** For who is furthest to hear of a change in time, even when its first packet is lost. */
export function noticeFor(peers: Iterable<LinkStats>): Micros {
  let notice: number = ALONE;
  for (const { rtt, jitter } of peers) {
    notice = Math.max(notice, TOGETHER + (rtt ?? 0) + (jitter ?? 0));
  }
  return Math.min(notice, LONGEST_NOTICE) as Micros;
}

export function openTimeKeeping(
  deps: { readonly clock: Clock; readonly ensembleClock: SessionClock },
  init: {
    readonly self: BootedBox;
    readonly control: ControlDocument;
    /** The clock that peers see of this box, less its own. */
    readonly clockOffset: Micros;
    /** The session's name when the document has none yet. */
    readonly knownAs: string;
    /** How long before it takes effect a change must be written for everybody to have it. */
    readonly notice: () => Micros;
    readonly onReference: (box: BoxId | 'self', shift: Micros) => void;
  },
): TimeKeeping {
  const { clock, ensembleClock } = deps;
  const { self, control, clockOffset } = init;
  let told: Reference | undefined;
  let toldAt: Instant = clock.now();
  /** This box has once had the session's time. */
  let known = false;

  const isSelf = ({ box, boot }: BootedBox): boolean => box === self.box && boot === self.boot;
  /** What makes this box's own clock continue the ensemble time that it has now. */
  const presentShift = (): Micros => {
    const now = clock.now();
    return (ensembleClock.toEnsemble(now) - now) as Micros;
  };
  /** The document speaks of clocks as peers see them, and we of our own. */
  const toPeers = (shift: Micros): Micros => (shift - clockOffset) as Micros;
  const fromPeers = (shift: Micros): Micros => (shift + clockOffset) as Micros;
  const tell = (box: BoxId | 'self', shift: Micros): void => {
    if (told?.box === box && told.shift === shift) return;
    told = { box, shift };
    toldAt = clock.now();
    init.onReference(box, shift);
  };
  const beginnings = (origin: EnsembleTime): ControlPatch => ({
    timeline: { origin, bpm: TEMPO, beatsPerBar: BEATS_PER_BAR },
    mode: 'auto',
  });

  /** The tempo and metre that were, from now on. */
  const anew = (): ControlPatch => {
    const { timeline, song } = control.state;
    const { bpm, beatsPerBar } = timeline;
    return {
      timeline: { origin: ensembleClock.toEnsemble(clock.now()), bpm, beatsPerBar },
      ...(song ? { song: { start: 0, position: 0, countIn: 0, end: 0 } } : {}),
    };
  };

  return {
    get reference() {
      return told;
    },
    begin(name) {
      const shift = 0 as Micros;
      control.set({
        name,
        // Shift 0: at this box, local time is ensemble time.
        ...beginnings(clock.now() as number as EnsembleTime),
        reference: { ...self, shift: toPeers(shift) },
      });
      known = true;
      tell('self', shift);
    },
    takeOver({ host, hostVacant, referenceVacant, keeper }) {
      const { state } = control;
      // Nobody who is here knew the time: it begins anew, and what was played then is over.
      const begins = referenceVacant && keeper === self.box && !known && state.begun;
      const patch: ControlPatch = {
        ...(hostVacant && host === self.box ? { standsIn: true } : {}),
        ...(referenceVacant && keeper === self.box
          ? { reference: { ...self, shift: toPeers(presentShift()) } }
          : {}),
        ...(begins ? anew() : {}),
        // The first two of a session that was opened again, and that nobody remembers more of than its name.
        ...(!state.begun && host === self.box
          ? {
              name: state.name ?? init.knownAs,
              ...beginnings(ensembleClock.toEnsemble(clock.now())),
            }
          : {}),
      };
      if (Object.keys(patch).length > 0) control.set(patch);
    },
    follow(entries) {
      const { reference } = control.state;
      if (!reference) {
        if (!told) tell('self', presentShift());
      } else if (isSelf(reference)) {
        tell('self', fromPeers(reference.shift));
      } else if (reference.box !== self.box) {
        // A box that was restarted has another clock than the one that `shift` belongs to.
        const boot = entries.get(reference.box)?.boot ?? reference.boot;
        if (boot === reference.boot) tell(reference.box, reference.shift);
      }
    },
    keepsTime(linked) {
      const { reference } = control.state;
      if (!reference) return false;
      const knows =
        isSelf(reference) ||
        (told?.box === reference.box &&
          linked.has(reference.box) &&
          ensembleClock.synced &&
          elapsed(toldAt, clock.now()) >= SETTLING);
      known ||= knows;
      return knows;
    },
    fulfil(wish) {
      if (!told) {
        const shift = presentShift();
        control.set({ ...anew(), reference: { ...self, shift: toPeers(shift) } });
        known = true;
        tell('self', shift);
      }
      const now = ensembleClock.toEnsemble(clock.now());
      const patch = fulfil(wish, control.state, now, init.notice());
      if (Object.keys(patch).length > 0) control.set(patch);
    },
  };
}

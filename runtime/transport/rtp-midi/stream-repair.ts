/**
 * Makes up for packets that are missing, from the journal of the packet that follows them.
 *
 * Takes  that packet's journal, and what is missing before it. Gives what it brings back to StreamDelivery.
 * Keeps  what it knows of the sender's use of Chapter X.
 * Spec   RFC 6295 section 4, appendices A.1 (S bits), B.5 and C.2.2.3 (losses that the journal doesn't cover).
 */
import type { Instant } from '../../core/time.ts';
import type { FaultCounters } from './faults.ts';
import { emptySysExLog, NO_COUNT } from './journal/chapters/sysex-log.ts';
import { confirmsSysEx } from './journal/chapters/sysex-repair.ts';
import {
  type JournalRepair,
  journalCheckpoint,
  journalSkipsSingle,
  learnCounts,
  readJournal,
} from './journal/journal-reader.ts';
import {
  CHAPTER_F,
  CHAPTER_X,
  readLastSysExLog,
  systemContents,
} from './journal/system-contents.ts';
import { extendCheckpoint } from './sequence-number.ts';
import type { StreamDelivery } from './stream-delivery.ts';

/** What came before the journal. */
export interface Loss {
  /** Extended number of the packet that has the journal. */
  readonly sequence: number;
  /** Of the last packet that was taken. */
  readonly highest: number;
  /** The stream begins with this packet. */
  readonly joining: boolean;
  /** It goes on where another one ended, which had other numbers. */
  readonly continuing: boolean;
  readonly inTime: boolean;
  readonly at: Instant;
}

export class StreamRepair {
  readonly #delivery: StreamDelivery;
  readonly #faults: FaultCounters;
  readonly #repair: JournalRepair;
  readonly #log = emptySysExLog();
  /** This sender's journals have Chapter X: where there is none, no SysEx was lost. */
  #codesSysEx = false;

  constructor(delivery: StreamDelivery, faults: FaultCounters) {
    this.#delivery = delivery;
    this.#faults = faults;
    this.#repair = {
      single: false,
      checkpoint: 0,
      inTime: true,
      joining: false,
      packet: 0,
      at: 0 as Instant,
      extrasAt: -1,
      pedalMoved: false,
      emit: (message) => delivery.recover(message),
      assume: (message) => delivery.assume(message),
    };
  }

  /** Another stream from the same peer. */
  forget(): void {
    this.#codesSysEx = false;
  }

  /** Nothing is missing before this journal: it has nothing to say but how many commands there were. */
  check(bytes: Uint8Array, at: number, end: number): void {
    const { system } = this.#delivery.state;
    const { sysEx } = system;
    if (system.inDoubt) learnCounts(bytes, at, end, system);
    if (this.#codesSysEx && sysEx.number >= 0 && !sysEx.doubted) return;
    if ((systemContents(bytes, at, end) & CHAPTER_X) === 0) {
      // It would be there if this sender had it: what ended in the packet before is in its journals.
      if (sysEx.ended) this.#loseSysEx();
      this.#countLost();
      return;
    }
    this.#codesSysEx = true;
    const log = this.#log;
    if (!readLastSysExLog(bytes, at, end, log)) return;
    if (sysEx.number < 0 && log.count !== NO_COUNT) sysEx.renumber(log.count);
    if (!sysEx.doubted || !sysEx.open) return;
    if (!confirmsSysEx(bytes, log, sysEx)) this.#loseSysEx();
    else if (sysEx.ended) this.#delivery.recover({ kind: 'sysEx', data: sysEx.partial.finish() });
    sysEx.doubted = false;
    this.#countLost();
  }

  /** `at`: where the journal is, or -1: there is none. */
  make(loss: Loss, bytes: Uint8Array, at: number, end: number): void {
    const checkpoint = at < 0 ? -1 : journalCheckpoint(bytes, at, end);
    if (checkpoint < 0) {
      if (at >= 0) this.#faults.count('journalTruncated');
      if (!loss.joining) this.#uncovered(loss.at);
      return;
    }
    const repair = this.#repair;
    const missing = loss.sequence - loss.highest - 1;
    // What is known from before has lower numbers, and may be what this journal speaks of.
    repair.checkpoint = loss.continuing ? 0 : extendCheckpoint(checkpoint, loss.sequence);
    const covered = loss.joining || repair.checkpoint <= loss.highest + 1;
    if (!covered) this.#uncovered(loss.at);
    repair.joining = loss.joining || !covered;
    repair.single = !repair.joining && missing === 1;
    repair.packet = loss.sequence;
    repair.inTime = loss.inTime;
    repair.at = loss.at;
    this.#prepareSysEx(bytes, at, end);
    this.#countLost();
    if (repair.single && journalSkipsSingle(bytes, at)) return;
    const fault = readJournal(bytes, at, end, this.#delivery.state, repair);
    const { sysEx } = this.#delivery.state.system;
    if (fault) {
      this.#faults.count(fault);
      this.#loseSysEx();
      sysEx.loseCount();
    }
    // Full Frames are counted with SysEx commands, but Chapter X doesn't tell how many there were.
    if ((systemContents(bytes, at, end) & CHAPTER_F) !== 0) sysEx.loseFrames();
    this.#countLost();
  }

  /** Where Chapter X should be and isn't, the rest of a command that was being received is lost; else it may be. */
  #prepareSysEx(bytes: Uint8Array, at: number, end: number): void {
    const { sysEx } = this.#delivery.state.system;
    if ((systemContents(bytes, at, end) & CHAPTER_X) !== 0) {
      this.#codesSysEx = true;
      return;
    }
    if (!sysEx.open) return;
    const due = this.#repair.checkpoint <= sysEx.stampOf(sysEx.begun - 1);
    if (due) this.#loseSysEx();
    else if (!this.#codesSysEx) sysEx.doubted = true;
  }

  #countLost(): void {
    const { sysEx } = this.#delivery.state.system;
    for (; sysEx.lost > 0; sysEx.lost--) this.#faults.count('sysExLost');
  }

  #loseSysEx(): void {
    const { sysEx } = this.#delivery.state.system;
    if (!sysEx.open) return;
    sysEx.lost++;
    sysEx.abandon(this.#repair.packet ?? 0);
  }

  #uncovered(at: Instant): void {
    this.#faults.count('uncoveredLoss');
    this.#delivery.release(at);
    this.#delivery.state.system.sysEx.loseCount();
  }
}

/**
 * Where a stream's checkpoint may be: the sending policies of the recovery journal, each as three facts.
 *
 * Takes  a policy's name, chosen for an end point. Gives what Checkpoint and StreamSender do about it.
 * Spec   RFC 6295 appendix C.2.2 (j_update) and C.2.1 (j_sec); section 2.2: a journal in every packet, or in none.
 */
import { fromSeconds, type Micros } from '../../../core/time.ts';

export type JournalPolicy =
  /**
   * The checkpoint follows the peer's reports (C.2.2.2). A peer that is sent packets and doesn't report is served
   * open-loop until it does.
   */
  | 'closed-loop'
  /** It follows HISTORY behind the present, but not past a note that sounds; lasting state stays in the journal (C.2.2.3). */
  | 'open-loop'
  /** It is the first packet for ever (C.2.2.1). */
  | 'anchor'
  /** No journal in any packet: what is lost is lost. */
  | 'off';

export interface CheckpointRule {
  readonly journal: boolean;
  /** Reports move the checkpoint. */
  readonly followsReports: boolean;
  /** Age alone moves it when the last report is this long ago. */
  readonly agesAfter: Micros;
}

/** A peer that is sent packets reports within this, or is taken for one that doesn't. */
export const PATIENCE: Micros = fromSeconds(10);
const NEVER = Number.POSITIVE_INFINITY as Micros;
const AT_ONCE = 0 as Micros;

export const CHECKPOINT_RULES: Readonly<Record<JournalPolicy, CheckpointRule>> = {
  'closed-loop': { journal: true, followsReports: true, agesAfter: PATIENCE },
  'open-loop': { journal: true, followsReports: false, agesAfter: AT_ONCE },
  anchor: { journal: true, followsReports: false, agesAfter: NEVER },
  off: { journal: false, followsReports: false, agesAfter: NEVER },
};

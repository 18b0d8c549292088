/**
 * What the page is told of the prediction engine of the box that it watches: part of protocol.ts.
 *
 * Units  times are milliseconds on the simulator's timeline, shares 0 to 1.
 */

/** What became of a remote player's note: runtime/prediction/note-tap.ts says when each is told. */
export type SimNoteFate =
  | 'received'
  | 'late'
  | 'predicted'
  | 'confirmed'
  | 'false'
  /** It was false and sounded still: it was released. */
  | 'corrected';

export interface SimFate {
  readonly participant: string;
  readonly fate: SimNoteFate;
  readonly channel: number;
  readonly key: number;
  readonly velocity: number;
  /** When it is heard; of a confirmed, false or corrected note, when the predicted one was. */
  readonly at: number;
}

/** A note that may come. */
export interface SimExpectedNote {
  readonly channel: number;
  readonly key: number;
  readonly at: number;
  /** How long it would be held. */
  readonly length: number;
  /** Probability that it comes at all. */
  readonly likely: number;
}

/** What is expected of one player around one place of the grid, as far as is known now: it replaces what was told before. */
export interface SimExpectedSlot {
  readonly participant: string;
  /** Number of the place: they are numbered without a gap until `epoch` of the bars changes. */
  readonly slot: number;
  /** The likeliest first. */
  readonly notes: readonly SimExpectedNote[];
}

/** The bars that the engine counts by. */
export interface SimBars {
  /** Another one: slots and bars were numbered anew. */
  readonly epoch: number;
  /** Starts of this bar, of the next one, and of the one after it. */
  readonly lines: readonly [number, number, number];
  /** Quarter notes in this bar. */
  readonly beats: number;
  /** How sure the beat is: 1 with a shared click, 0 when none is known. */
  readonly confidence: number;
}

export interface SimForecast {
  /** Null: no beat is known, and nothing is expected. */
  readonly bars: SimBars | null;
  readonly slots: readonly SimExpectedSlot[];
}

/** The engine's own figures of one player, as it estimates them from what came: it can't know the truth any sooner. */
export interface SimPrediction {
  /** Set for that player alone; null: as for everybody. */
  readonly wish: string | null;
  /** Auto, live, tight or groove. */
  readonly mode: string;
  /** How it is played now, and why. */
  readonly inUse: string;
  readonly reason: string;
  readonly role: string | null;
  readonly predictor: string;
  /** How long what it plays is on its way here lately, median milliseconds. */
  readonly away: number;
  /** Of the last 64 notes, those heard within 20 ms of their performance; null: too few yet. */
  readonly w20: number | null;
  /** Of the last predictions, those that came within 20 ms; null: too few yet. */
  readonly confidence: number | null;
  /** Since the stream began: notes that came; notes that were played before they came, and what became of them. */
  readonly notes: number;
  readonly predicted: number;
  readonly confirmed: number;
  readonly falseNotes: number;
  readonly corrected: number;
  readonly late: number;
  /** Set for that player alone: 0 plays nothing before it came, 1 as much as the budget of false notes allows. */
  readonly wet: number;
  /** Its link is gone, and it is carried on for so many bars more. */
  readonly carriedOn: number | null;
}

/**
 * Which pitch classes the band has played of late: a chord, and a key.
 *
 * Takes  the histories of all pitched parts. Gives twelve weights for the last beats and twelve for the last bars, the largest
 * of each being 1. Lane 2; allocates nothing after it is made.
 */
import type { BandHistory, BandPart } from './band-history.ts';

export const PITCH_CLASSES = 12;
/** Events looked at in each part. */
const MOST_EVENTS = 48;
/** Slots in which a note loses two thirds of its weight in the chord. */
const CHORD_FADE = 8;

export class TonalContext {
  readonly chord: Float32Array = new Float32Array(PITCH_CLASSES);
  readonly scale: Float32Array = new Float32Array(PITCH_CLASSES);

  update(band: BandHistory, part: BandPart, slot: number, reach: number): void {
    this.chord.fill(0);
    this.scale.fill(0);
    let isThere = false;
    for (const each of band.parts) {
      if (each === part) isThere = true;
      if (each.isPitched) this.#add(each, slot, reach);
    }
    if (!isThere) this.#add(part, slot, reach);
    scaleToOne(this.chord);
    scaleToOne(this.scale);
  }

  #add(part: BandPart, slot: number, reach: number): void {
    const { history } = part.notes;
    const kept = history.count - history.first;
    const oldest = Math.max(0, kept - MOST_EVENTS);
    for (let place = kept - 1; place >= oldest; place--) {
      const i = history.inOrder(place) & history.mask;
      const age = slot - (history.slot[i] as number);
      if (age > reach) return;
      const pitchClass = (history.key[i] as number) % PITCH_CLASSES;
      const fade = age <= 0 ? 1 : (FADES[Math.min(age, FADES.length - 1)] as number);
      this.chord[pitchClass] = (this.chord[pitchClass] as number) + fade;
      this.scale[pitchClass] = (this.scale[pitchClass] as number) + 1;
    }
  }
}

const FADES: Float32Array = Float32Array.from({ length: 64 }, (_, age) =>
  Math.exp(-age / CHORD_FADE),
);

function scaleToOne(weights: Float32Array): void {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, weight);
  if (largest === 0) return;
  for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] as number) / largest;
}

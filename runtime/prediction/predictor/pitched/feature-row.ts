/** A row of numbers for the network, written one after another, each kept between -1 and 1. */
export class FeatureRow {
  #row: Float32Array = new Float32Array(0);
  #at = 0;

  begin(row: Float32Array, at: number): void {
    this.#row = row;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  put(value: number): void {
    this.#row[this.#at++] = Math.max(-1, Math.min(1, value));
  }

  flag(isSo: boolean): void {
    this.#row[this.#at++] = isSo ? 1 : 0;
  }
}

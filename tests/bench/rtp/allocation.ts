/** Octets of heap that each of `events` runs of `step` takes: the least of several tries, of which none met the collector. */
export function allocatedPer(events: number, step: (i: number) => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 12; attempt++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < events; i++) step(i);
    const used = process.memoryUsage().heapUsed - before;
    if (used >= 0) least = Math.min(least, used / events);
  }
  return Math.round(least * 10) / 10;
}

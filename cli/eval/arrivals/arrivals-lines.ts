/**
 * The arrivals file of a piece, as `togthr render --arrivals` reads it.
 */
import type { Piece } from '../datasets/piece.ts';
import type { Transmission } from './transmission.ts';

/** Tempo changes are known this long before they hold (seconds). */
const TEMPO_AHEAD = 0.5;

interface Timed {
  readonly arrival: number;
  readonly line: string;
}

/** `click`: false leaves the click out, so that the beat must be found. */
export function* arrivalsLines(
  piece: Piece,
  { events }: Pick<Transmission, 'events'>,
  { click = true }: { readonly click?: boolean } = {},
): Generator<string> {
  const roles = Object.fromEntries(piece.parts.map(({ peer, role }) => [peer, role]));
  const clicks = click && piece.click ? { click: piece.click } : {};
  yield JSON.stringify({ type: 'header', version: 1, ...clicks, roles });
  const changes: Timed[] = (click ? piece.tempos : []).map(({ time, bpm, beat }) => {
    const arrival = Math.max(0, time - TEMPO_AHEAD);
    return { arrival, line: JSON.stringify({ type: 'tempo', arrival, time, bpm, beat }) };
  });
  let next = 0;
  for (const { peer, time, arrival, bytes, recovered } of events) {
    for (; (changes[next]?.arrival ?? Number.POSITIVE_INFINITY) <= arrival; next++) {
      yield changes[next]?.line ?? '';
    }
    const brought = recovered ? { recovered } : {};
    yield JSON.stringify({ type: 'midi', peer, time, arrival, bytes, ...brought });
  }
}

/**
 * Whether what is heard before a time depends on lines that arrive after it, as it must not.
 *
 * Takes  a piece as it was transmitted. Gives what is wrong in words, or undefined.
 *
 * At some times T, spread over the piece, the lines with arrival after T are taken away, and in another rendering changed:
 * what was heard before T must be the same, byte by byte.
 */
import { arrivalsLines } from './arrivals/arrivals-lines.ts';
import type { PlayedEvent, Transmission } from './arrivals/transmission.ts';
import type { Piece } from './datasets/piece.ts';
import { type RenderSettings, renderLines } from './render-piece.ts';

const SHARES: readonly number[] = [0.23, 0.61];
const LATER_BY = 0.37;

export async function findCausalityFault(
  piece: Piece,
  { events }: Pick<Transmission, 'events'>,
  settings: RenderSettings,
): Promise<string | undefined> {
  const render = async (of: readonly PlayedEvent[], until: number): Promise<readonly string[]> => {
    const tempos = piece.tempos.filter(({ time }) => time <= until);
    const lines = arrivalsLines({ ...piece, tempos }, { events: of }, settings);
    return (await renderLines(lines, settings)).heard;
  };
  const whole = await render(events, Number.POSITIVE_INFINITY);
  for (const share of SHARES) {
    const until = events[Math.floor(share * events.length)]?.arrival ?? 0;
    const known = events.filter(({ arrival }) => arrival <= until);
    const changed = events.map((event) => (event.arrival <= until ? event : change(event)));
    const before = (lines: readonly string[]): string =>
      lines.filter((line) => timeOf(line) < until).join('\n');
    const wanted = before(whole);
    if (before(await render(known, until)) !== wanted) {
      return `what is heard before ${until} s depends on lines that arrive later (they were removed)`;
    }
    if (before(await render(changed, Number.POSITIVE_INFINITY)) !== wanted) {
      return `what is heard before ${until} s depends on lines that arrive later (they were changed)`;
    }
  }
  return undefined;
}

/** Later, from earlier, and another key. */
function change(event: PlayedEvent): PlayedEvent {
  const key = (Number.parseInt(event.bytes.slice(2, 4), 16) + 5) % 128;
  return {
    ...event,
    time: event.time - LATER_BY,
    arrival: event.arrival + LATER_BY,
    bytes: event.bytes.slice(0, 2) + key.toString(16).padStart(2, '0') + event.bytes.slice(4),
  };
}

function timeOf(line: string): number {
  const at = /"time":([-+.e\d]+)/.exec(line)?.[1];
  return Number(at ?? Number.NaN);
}

/**
 * How far a long command is: one line on stderr that is written over, and nothing at all where nobody looks.
 */
export interface Progress extends Disposable {
  /** One more is done. */
  advance(what: string): void;
}

const WIDTH = 24;
const REDRAW_MS = 100;
const QUIET: Progress = { advance() {}, [Symbol.dispose]() {} };

export function openProgress(total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (stream.isTTY !== true || process.env['TERM'] === 'dumb') return QUIET;
  const begun = performance.now();
  let drawn = Number.NEGATIVE_INFINITY;
  let done = 0;
  const clear = (): void => {
    stream.write('\r\u001b[2K');
  };
  return {
    advance(what) {
      done++;
      const now = performance.now();
      if (now - drawn < REDRAW_MS && done < total) return;
      drawn = now;
      const filled = Math.round((WIDTH * done) / total);
      const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
      const left = ((now - begun) / done) * (total - done);
      const line = `${bar} ${done}/${total}  ${clockTime(left)} left  ${what}`;
      clear();
      stream.write(line.slice(0, (stream.columns || 80) - 1));
    },
    [Symbol.dispose]: clear,
  };
}

function clockTime(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
}

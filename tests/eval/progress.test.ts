import { afterEach, expect, test, vi } from 'vitest';
import { openProgress } from '../../cli/eval/progress.ts';

function fakeStream(isTTY: boolean): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  return { stream: { isTTY, columns: 60, write } as unknown as NodeJS.WriteStream, written };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a terminal shows how many are done and how long it still takes, in one line', () => {
  vi.stubEnv('TERM', 'xterm');
  const { stream, written } = fakeStream(true);
  const progress = openProgress(2, stream);
  progress.advance('first');
  progress.advance('second, with a name that is far too long for the line');
  const line = written.at(-1) ?? '';
  expect(line).toMatch(/^█{24} 2\/2 {2}0:00 left {2}second/);
  expect(line.length).toBeLessThan(60);
  progress[Symbol.dispose]();
  expect(written.at(-1)).toBe('\r\u001b[2K');
});

test('a pipe gets nothing', () => {
  const { stream, written } = fakeStream(false);
  const progress = openProgress(1, stream);
  progress.advance('only');
  progress[Symbol.dispose]();
  expect(written).toEqual([]);
});

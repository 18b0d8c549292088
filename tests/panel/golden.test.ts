import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { framesPng, frameText } from './frame-image.ts';
import { SCREENS } from './screens.ts';

const here = dirname(fileURLToPath(import.meta.url));
const GOLDEN = join(here, 'golden');
const BUILD = join(here, '../../build/panel');
const SHEET = join(here, '../../runtime/panel/screens.png');
/** `UPDATE_GOLDEN=1 npx vitest run tests/panel/golden.test.ts` draws the goldens and the sheet again: look at them. */
const UPDATING = process.env['UPDATE_GOLDEN'] === '1';

function differences(a: string, b: string): number {
  let count = 0;
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) count++;
  return count;
}

describe('each screen looks as it was approved', () => {
  for (const [name, reach] of Object.entries(SCREENS)) {
    test(name, () => {
      const { frame } = reach().look();
      const actual = frameText(frame);
      const goldenPath = join(GOLDEN, `${name}.txt`);
      if (UPDATING) {
        mkdirSync(GOLDEN, { recursive: true });
        writeFileSync(goldenPath, actual);
      }
      const golden = existsSync(goldenPath) ? readFileSync(goldenPath, 'utf8') : '';
      const count = differences(golden, actual);
      if (count === 0) return;
      mkdirSync(BUILD, { recursive: true });
      const actualPath = join(BUILD, `${name}.txt`);
      writeFileSync(actualPath, actual);
      writeFileSync(join(BUILD, `${name}.png`), framesPng([frame], 1, 4));
      expect.fail(
        `${count} pixels differ\n  golden ${goldenPath}\n  actual ${actualPath} (and .png)`,
      );
    });
  }

  // Drawing is no test of ours: it is there when it is asked for.
  const draw = UPDATING ? test : undefined;
  draw?.('the sheet of all screens is drawn', () => {
    const frames = Object.values(SCREENS).map((reach) => reach().look().frame);
    writeFileSync(SHEET, framesPng(frames, 4, 2));
    mkdirSync(BUILD, { recursive: true });
    for (let at = 0; at < frames.length; at += 8) {
      const path = join(BUILD, `sheet-${at / 8}.png`);
      writeFileSync(path, framesPng(frames.slice(at, at + 8), 2, 4));
    }
  });
});

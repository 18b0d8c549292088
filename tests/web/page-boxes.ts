/** The simulator as a program, and its page as a person meets it: eyes on the pixels, hands on the knobs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import {
  DISPLAY_HEIGHT,
  DISPLAY_WIDTH,
  FRAME_BYTES,
  type Frame,
} from '../../runtime/ports/display.ts';
import { showsText } from '../panel/find-text.ts';
import { screenText } from '../panel/screen-text.ts';

const LAUNCHER = fileURLToPath(new URL('../../togthr', import.meta.url));

export interface Simulator {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startSimulator(...args: readonly string[]): Promise<Simulator> {
  const child: ChildProcess = spawn(LAUNCHER, ['sim', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /http:\/\/\S+/.exec(output)?.[0];
      if (found) resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the simulator ended (${code}): ${output}`)));
  });
  return {
    url,
    async stop() {
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      expect(await ended, `Ctrl-C ends it in order: ${output}`).toBe(0);
    },
  };
}

export function listenForErrors(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
}

/** Reads the pixels of the box's display off its canvas. */
export async function readOled(page: Page, box: number): Promise<Frame> {
  const lit = await page.getByTestId(`oled-${box}`).evaluate(
    (element, size) => {
      const canvas = element as unknown as {
        readonly width: number;
        getContext(kind: '2d'): {
          getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
        } | null;
      };
      const scale = canvas.width / size.width;
      const picture = canvas
        .getContext('2d')
        ?.getImageData(0, 0, canvas.width, scale * size.height);
      const rows: boolean[] = [];
      for (let y = 0; y < size.height; y++) {
        for (let x = 0; x < size.width; x++) {
          const middle = Math.floor(scale / 2);
          const at = ((y * scale + middle) * canvas.width + x * scale + middle) * 4;
          const [r = 0, g = 0, b = 0] = picture?.data.slice(at, at + 3) ?? [];
          rows.push(r + g + b > 150);
        }
      }
      return rows;
    },
    { width: DISPLAY_WIDTH, height: DISPLAY_HEIGHT },
  );
  const frame = new Uint8Array(FRAME_BYTES);
  lit.forEach((on, index) => {
    if (!on) return;
    const x = index % DISPLAY_WIDTH;
    const y = Math.floor(index / DISPLAY_WIDTH);
    const at = (y >> 3) * DISPLAY_WIDTH + x;
    frame[at] = (frame[at] ?? 0) | (1 << (y & 7));
  });
  return frame;
}

export async function sees(page: Page, box: number, text: string): Promise<void> {
  await expect
    .poll(async () => showsText(await readOled(page, box), text), {
      timeout: 15_000,
      message: `box ${box} shows ${text}`,
    })
    .toBe(true);
}

async function chosenRow(page: Page, box: number): Promise<string> {
  const { rows, chosen } = screenText(await readOled(page, box));
  return chosen === undefined ? '' : (rows[chosen] ?? '');
}

/** Turns the knob until the display shows that the entry is chosen, then clicks. */
export async function choose(page: Page, box: number, entry: string): Promise<void> {
  const knob = page.getByTestId(`knob-${box}`);
  await knob.focus();
  await expect
    .poll(
      async () => {
        if ((await chosenRow(page, box)).includes(entry)) return true;
        await page.keyboard.press('ArrowRight');
        await page.waitForTimeout(150);
        return (await chosenRow(page, box)).includes(entry);
      },
      { timeout: 20_000, message: `box ${box} offers ${entry}` },
    )
    .toBe(true);
  await page.keyboard.down('Enter');
  await page.waitForTimeout(60);
  await page.keyboard.up('Enter');
  await page.waitForTimeout(400);
}

export async function heard(page: Page, box: number): Promise<number> {
  const shown = await page.getByTestId(`box-${box}`).getAttribute('data-heard');
  return Number(shown ?? 0);
}

export async function sounding(page: Page, box: number): Promise<number> {
  return Number(await page.getByTestId(`box-${box}`).getAttribute('data-sounding'));
}

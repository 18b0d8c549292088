/** Boxes that have never met, in Chromium: the code read off one display and entered on the other, all by mouse. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCode } from '../panel/read-code.ts';
import { browserIsMissing, launchBrowser } from './browser.ts';
import {
  choose,
  listenForErrors,
  readOled,
  type Simulator,
  sees,
  startSimulator,
} from './page-boxes.ts';

describe.skipIf(browserIsMissing)('strangers in a browser', () => {
  let simulator: Simulator;
  let browser: Browser;

  beforeAll(async () => {
    simulator = await startSimulator(
      '--boxes',
      '2',
      '--port',
      '0',
      '--profile',
      'lan',
      '--strangers',
    );
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await simulator?.stop();
  });

  test('a stranger is let in by the code, and the lock is closed on the display and on the page', async () => {
    const page = await browser.newPage();
    const complaints = listenForErrors(page);
    await page.goto(simulator.url);
    await page.getByTestId('oled-2').waitFor();
    await choose(page, 1, 'New session');
    await sees(page, 1, 'Waiting for players');
    await choose(page, 2, 'Sessions');
    await choose(page, 2, "Box 1's jam");
    await sees(page, 1, 'Box 2 wants to join');
    await sees(page, 2, 'Code shown by');

    const code = readCode(await readOled(page, 1));
    expect(code).toMatch(/^\d{6}$/);
    for (const digit of code ?? '') {
      await wheel(page, 2, Number(digit));
      await push(page, 2);
    }
    await sees(page, 2, 'Join');
    await push(page, 2);
    await sees(page, 1, 'Box 2');
    await expect.poll(() => lock(page, 1), { timeout: 10_000 }).toBe('closed');
    await expect.poll(() => lock(page, 2), { timeout: 10_000 }).toBe('closed');
    await expect
      .poll(() => page.getByTestId('peer-2').textContent(), { timeout: 10_000 })
      .toContain('local');
    expect(complaints).toEqual([]);
    await page.close();
  });
});

async function lock(page: Page, box: number): Promise<string | null> {
  return page.getByTestId(`lock-${box}`).getAttribute('data-lock');
}

async function wheel(page: Page, box: number, detents: number): Promise<void> {
  await page.getByTestId(`knob-${box}`).hover();
  for (let detent = 0; detent < detents; detent++) {
    await page.mouse.wheel(0, 50);
    await page.waitForTimeout(80);
  }
}

async function push(page: Page, box: number): Promise<void> {
  await page.getByTestId(`knob-${box}`).hover();
  await page.mouse.down();
  await page.waitForTimeout(150);
  await page.mouse.up();
  await page.waitForTimeout(350);
}

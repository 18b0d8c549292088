/** The simulator as its user meets it: the built program, its page in Chromium. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserIsMissing, launchBrowser } from './browser.ts';
import {
  choose,
  heard,
  listenForErrors,
  type Simulator,
  sees,
  sounding,
  startSimulator,
} from './page-boxes.ts';

describe.skipIf(browserIsMissing)('the simulator in a browser', () => {
  let simulator: Simulator;
  let browser: Browser;

  beforeAll(async () => {
    simulator = await startSimulator('--boxes', '2', '--port', '0', '--profile', 'city');
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await simulator?.stop();
  });

  test('box 2 joins box 1 by the knob, and hears what box 1 plays', async () => {
    const page = await browser.newPage();
    const complaints = listenForErrors(page);
    await page.goto(simulator.url);
    await page.getByTestId('oled-2').waitFor();

    await choose(page, 1, 'New session');
    await sees(page, 1, 'Waiting for players');
    await choose(page, 2, 'Sessions');
    await choose(page, 2, "Box 1's jam");
    await sees(page, 2, 'Box 1');
    await sees(page, 1, 'Box 2');

    const before = await heard(page, 2);
    const key = page.getByTestId('key-1-60');
    await expect
      .poll(
        async () => {
          await key.hover();
          await page.mouse.down();
          await page.waitForTimeout(150);
          await page.mouse.up();
          await page.waitForTimeout(250);
          return heard(page, 2);
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(before);
    await page.waitForTimeout(500);
    expect(await sounding(page, 2), 'nothing sounds on once the key is up').toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a page that closes with a key down leaves no note behind', async () => {
    const first = await browser.newPage();
    await first.goto(simulator.url);
    await first.getByTestId('key-1-64').hover();
    await first.mouse.down();
    await expect.poll(() => sounding(first, 2), { timeout: 10_000 }).toBe(1);
    await first.close();

    const second = await browser.newPage();
    await second.goto(simulator.url);
    await expect.poll(() => sounding(second, 2), { timeout: 10_000 }).toBe(0);
    await second.close();
  });
});

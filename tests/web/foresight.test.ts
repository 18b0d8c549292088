/** What the prediction engine believes and does, as the simulator's page shows it, with two boxes far from each other. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserIsMissing, launchBrowser } from './browser.ts';
import { listenForErrors, type Simulator, startSimulator } from './page-boxes.ts';

const FAR = ['--profile', 'xcountry', '--piece', 'after-hours', '--loop'] as const;

describe.skipIf(browserIsMissing)('the page looks into the prediction engine', () => {
  let simulator: Simulator;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    simulator = await startSimulator('--boxes', '2', '--port', '0', '--join', ...FAR);
    browser = await launchBrowser();
    // Tall enough that the cards can be seen: what cannot is not drawn.
    page = await browser.newPage({ viewport: { width: 1_400, height: 1_900 } });
    complaints = listenForErrors(page);
    await page.goto(simulator.url);
  });
  afterAll(async () => {
    await browser?.close();
    await simulator?.stop();
  });
  const card = () => page.getByTestId('foreseen-2');
  const soon = { timeout: 45_000 };

  test('each of the others has a card with what is expected of it, and figures once notes came', async () => {
    await card().waitFor(soon);
    const expected = async () =>
      Number(await card().locator('canvas').getAttribute('data-expected'));
    await expect.poll(expected, soon).toBeGreaterThan(0);
    await expect.poll(() => card().getByTestId('w20').textContent(), soon).toMatch(/^\d+ %$/);
    await expect.poll(() => card().getByTestId('false-rate').textContent(), soon).toMatch(/^\d/);
  });

  test('the legend names every fate, and colours can tell players instead', async () => {
    const legend = page.getByTestId('legend');
    for (const fate of ['received', 'predicted', 'confirmed', 'late', 'corrected', 'false']) {
      expect(await legend.textContent()).toContain(fate);
    }
    expect(await legend.textContent()).not.toContain('Box 2');
    await page.getByTestId('by-player').click();
    await expect.poll(() => legend.textContent()).toContain('Box 2');
  });

  test('mode and prediction are set for one player, and the box follows', async () => {
    const mode = page.getByTestId('mode-2');
    expect(await mode.locator('option').first().textContent()).toBe('As all: Auto');
    await mode.selectOption('groove');
    await expect.poll(() => card().locator('.usage').textContent(), soon).toContain('Groove');
    expect(await mode.inputValue()).toBe('groove');
    await mode.selectOption('');
    await expect.poll(() => card().locator('.usage').textContent(), soon).not.toContain('chosen');

    await page.getByTestId('wet-2').fill('0');
    await expect.poll(() => card().locator('output').textContent()).toBe('dry');
    await page.reload();
    await expect.poll(() => page.getByTestId('wet-2').inputValue(), soon).toBe('0');
    expect(complaints).toEqual([]);
  });
});

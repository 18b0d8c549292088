/** The page in Chromium, with a simulator behind it that is played by the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import type { SimNote } from '../../sim/app/protocol.ts';
import { openScriptedHost, type ScriptedHost } from '../../sim/app/scripted-host.ts';
import { openSimulatorServer, type SimulatorServer } from '../../sim/app/server.ts';
import { browserIsMissing, launchBrowser } from './browser.ts';

describe.skipIf(browserIsMissing)('the page', () => {
  let browser: Browser;
  let webRoot: string;
  let host: ScriptedHost;
  let server: SimulatorServer;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    webRoot = await mkdtemp(join(tmpdir(), 'sim-page-'));
    await build({
      configFile: join(import.meta.dirname, '../../sim/web/vite.config.ts'),
      build: { outDir: webRoot },
      logLevel: 'error',
    });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(webRoot, { recursive: true, force: true });
  });

  const serve = (port: number): Promise<SimulatorServer> =>
    openSimulatorServer({ host, log: silentLog }, { port, webRoot });

  beforeEach(async () => {
    host = openScriptedHost();
    server = await serve(0);
    page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complaints.push(message.text());
      }
    });
    await page.goto(server.url);
    await page.getByTestId('box-2').waitFor();
  });
  afterEach(async () => {
    await page.close();
    await server[Symbol.asyncDispose]();
  });

  const called = async (...calls: readonly string[]): Promise<void> => {
    await expect.poll(() => host.calls).toEqual(calls);
    host.calls.length = 0;
    expect(complaints).toEqual([]);
  };
  const heard = (on: boolean, more: Partial<SimNote> = {}): SimNote => ({
    kind: 'heard',
    participant: '1'.repeat(32),
    on,
    channel: 0,
    key: 60,
    velocity: 90,
    at: host.now(),
    cause: 'received',
    ...more,
  });

  test('turns and presses a knob by mouse, wheel and keyboard', async () => {
    const knob = page.getByTestId('knob-2');
    await knob.click();
    await called('2 press', '2 release');
    await page.mouse.down();
    await expect.poll(() => host.calls).toEqual(['2 press']); // felt while it is still held
    await page.mouse.up();
    await called('2 press', '2 release');
    await page.mouse.wheel(0, 100);
    await called('2 turn 1');
    const place = await knob.boundingBox();
    if (!place) throw new Error('the knob is not on the page');
    const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y + 30);
    await page.mouse.up();
    await called('2 turn -2');
    await knob.focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await called('2 turn 1', '2 turn -1', '2 press', '2 release');
    await page.getByTestId('knob-left-1').click();
    await called('1 turn -1');
  });

  test('plays by mouse and by computer keys, on the box that was touched last', async () => {
    await page.getByTestId('key-1-60').click();
    await expect.poll(() => host.calls.length).toBe(2);
    expect(host.calls[0]).toMatch(/^1 midi 903c/);
    expect(host.calls[1]).toBe('1 midi 803c40');
    host.calls.length = 0;
    await page.keyboard.down('KeyD');
    await page.keyboard.press('KeyX');
    await page.keyboard.up('KeyD'); // ends what it began, an octave lower
    await page.keyboard.press('KeyD');
    await called('1 midi 90405c', '1 midi 804040', '1 midi 904c5c', '1 midi 804c40');
    await page.getByTestId('pads-2').click();
    await page.keyboard.press('KeyA');
    await called('2 midi 99245c', '2 midi 892440');
    await page.keyboard.press('Escape');
    await called('1 panic', '2 panic');
  });

  test('lets go of everything when its window loses the focus', async () => {
    await page.keyboard.down('KeyA');
    await page.evaluate("window.dispatchEvent(new Event('blur'))");
    await called('1 midi 903c5c', '1 midi 803c40');
  });

  test('shows what is heard on the keys, and darkens them when notes were lost', async () => {
    const key = page.getByTestId('key-2-60');
    const card = page.getByTestId('box-2');
    host.boxes[1]?.note(heard(true));
    await expect.poll(() => key.getAttribute('data-heard')).toBe('1');
    expect(await card.getAttribute('data-sounding')).toBe('1');
    host.boxes[1]?.note(heard(false));
    await expect.poll(() => key.getAttribute('data-heard')).toBe(null);
    host.boxes[1]?.note(heard(true));
    await expect.poll(() => key.getAttribute('data-heard')).toBe('1');
    // More than a batch holds: any note-off may be among what was left out.
    for (let i = 0; i < 2_100; i++) host.boxes[1]?.note(heard(false, { key: 64 }));
    await expect.poll(() => key.getAttribute('data-heard')).toBe(null);
    expect(complaints).toEqual([]);
  });

  test('chooses the network and the music', async () => {
    await page.getByTestId('profile').selectOption('transatlantic');
    await page.getByTestId('track-1').selectOption('1');
    await page.getByTestId('play-1').click();
    await page.getByTestId('loop-2').click();
    await page.getByTestId('together').click();
    await page.getByTestId('panic').click();
    await called(
      'profile transatlantic',
      '1 player canon 1 false',
      '2 player loop true',
      'together canon true',
      '1 panic',
      '2 panic',
    );
    host.notice({ level: 'warn', text: 'The wire is cut.' });
    await page.getByText('The wire is cut.').waitFor();
  });

  test('says that the simulator is gone, and goes on by itself when it is back', async () => {
    const { port } = server;
    await server[Symbol.asyncDispose]();
    await page.getByTestId('lost').waitFor();
    server = await serve(port);
    await page.getByTestId('lost').waitFor({ state: 'detached' });
    await page.getByTestId('knob-right-1').click();
    await expect.poll(() => host.calls).toEqual(['1 turn 1']);
  });

  test('fits a phone of 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
  });
});

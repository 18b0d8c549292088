/** The page of an invitation in a browser: it makes the link for the app, and asks nobody for anything. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserIsMissing, launchBrowser } from '../web/browser.ts';
import { openLiveServer, scratchFolder } from './live-rig.ts';

const CODE = '0123456789ABC';
const SECRET = 'ABAgMEBQYHCAkKCwwNDg8A';

describe.skipIf(browserIsMissing)('the page of an invitation (chromium is needed)', () => {
  let data: Awaited<ReturnType<typeof scratchFolder>>;
  let live: Awaited<ReturnType<typeof openLiveServer>>;
  let browser: Awaited<ReturnType<typeof launchBrowser>>;

  beforeAll(async () => {
    data = await scratchFolder();
    live = await openLiveServer({ folder: data.folder });
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await live?.[Symbol.asyncDispose]();
    await data?.[Symbol.asyncDispose]();
  });

  async function visit(fragment: string) {
    const page = await browser.newPage();
    const complaints: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (failure) => complaints.push(String(failure)));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${live.url}/i/${CODE}${fragment}`);
    return { page, complaints, asked };
  }

  test('gives the whole link to the app, with nothing loaded and nothing refused', async () => {
    const { page, complaints, asked } = await visit(`#${SECRET}`);
    const link = `togthr+http://127.0.0.1:${live.port}/i/${CODE}#${SECRET}`;
    expect(await page.getAttribute('#open', 'href')).toBe(link);
    expect(await page.textContent('#link')).toBe(link);
    expect(await page.isVisible('#open')).toBe(true);
    expect(await page.isVisible('#cut')).toBe(false);
    expect(complaints).toEqual([]);
    expect(asked.filter((url) => !url.startsWith(live.url) && !url.startsWith('data:'))).toEqual(
      [],
    );
    await page.close();
  });

  test.each(['', '#ABAgMEBQ', '#<img src=x onerror=alert(1)>'])(
    'says of the fragment %j that the link was cut short',
    async (fragment) => {
      const { page, complaints } = await visit(fragment);
      expect(await page.isVisible('#cut')).toBe(true);
      expect(await page.isVisible('#open')).toBe(false);
      expect(complaints).toEqual([]);
      await page.close();
    },
  );
});

/** Debian's Chromium without a window, and without looking for hosts of its maker's. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const browserIsMissing: boolean = PROGRAM === undefined;

if (browserIsMissing) {
  process.stderr.write(
    'Tests in a browser are skipped: chromium is missing (apt-get install chromium).\n',
  );
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: PROGRAM ?? 'chromium', args: QUIET });
}

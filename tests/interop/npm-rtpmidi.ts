/** A session of npm `rtpmidi` 1.0.0, which has no types of its own, as far as it is used here. */
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

export interface NpmSession extends EventEmitter {
  readonly port: number;
  readonly streams: readonly { readonly isConnected: boolean; readonly latency: number | null }[];
  end(done: () => void): void;
  connect(to: { readonly address: string; readonly port: number }): void;
  sendMessage(time: number, bytes: readonly number[]): void;
}

type OpenSession = new (
  port: number,
  localName: string,
  bonjourName: string,
) => NpmSession & { start(): void };

/** `onMessage` gets each message's octets in hex. */
export async function openNpmSession(onMessage: (hex: string) => void): Promise<NpmSession> {
  // Its manager would take SIGINT for itself; the session alone doesn't.
  const load = createRequire(import.meta.url);
  (load('rtpmidi/src/logger.js') as { silent: boolean }).silent = true;
  const Session = load('rtpmidi/src/Session.js') as OpenSession;
  // Even, and below those that our end point chooses from.
  const session = new Session(40_000 + 2 * (process.pid % 4_000), 'theirs', 'theirs');
  session.on('message', (_delta: number, bytes: Buffer) => onMessage(bytes.toString('hex')));
  await new Promise<void>((ready) => {
    session.on('ready', ready);
    session.start();
  });
  return session;
}

/** Polls, since it tells nobody when it is ready to send. */
export async function until(what: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}

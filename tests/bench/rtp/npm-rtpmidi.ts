/**
 * npm `rtpmidi` (the node-rtpmidi project, 1.0.0) with the types that the benchmarks need: the peer to compare with.
 */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);
(load('rtpmidi/src/logger.js') as { silent: boolean }).silent = true;

export interface OtherSession {
  readonly port: number;
  readonly streams: readonly { readonly isConnected: boolean }[];
  on(event: 'ready' | 'streamAdded', listener: () => void): void;
  on(event: 'message', listener: (delta: number, message: Uint8Array) => void): void;
  start(): void;
  connect(to: { readonly address: string; readonly port: number }): void;
  sendMessage(delta: number, bytes: readonly number[]): void;
  end(done: () => void): void;
}

/** A packet of its codec. */
export interface OtherMessage {
  ssrc: number;
  sequenceNumber: number;
  timestamp: number;
  hasJournal: boolean;
  commands: { deltaTime: number; data: readonly number[] }[];
  buffer: Uint8Array;
  generateBuffer(): OtherMessage;
  parseBuffer(bytes: Uint8Array): OtherMessage;
}

const NpmSession: new (port: number, local: string, bonjour: string) => OtherSession =
  load('rtpmidi/src/Session.js');
export const NpmMessage: new () => OtherMessage = load('rtpmidi/src/MidiMessage.js');

/** Resolves when its sockets are bound. */
export async function startNpmSession(port: number, name: string): Promise<OtherSession> {
  const session = new NpmSession(port, name, name);
  await new Promise<void>((ready) => {
    session.on('ready', ready);
    session.start();
  });
  return session;
}

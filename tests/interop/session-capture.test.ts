/** What somebody on the network sees of a whole jam: no note, no name, no key. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { openFileStorage } from '../../runtime/platform/file-storage.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { whyNoNamespaces } from './net-namespaces.ts';
import { NAMES, openStage, SESSION, type Stage, type StageKind } from './session-stage.ts';

const missing = await whyNoNamespaces(['nft', 'sysctl', 'openssl', 'turnserver', 'tshark']);
/** Of the system exclusive message that is played: 24 octets that come nowhere else. */
const PLAYED = Uint8Array.from(randomBytes(24), (octet) => octet & 0x7f);
const SYSEX = Uint8Array.from([0xf0, 0x7d, ...PLAYED, 0xf7]);

/** Plays a jam while both boxes' cables are listened to, and gives what was on them. */
async function capture(stage: Stage): Promise<Buffer> {
  const files = {
    ada: join(stage.net.folder, 'ada.pcap'),
    ben: join(stage.net.folder, 'ben.pcap'),
  };
  const listeners = (['ada', 'ben'] as const).map((who) =>
    stage.spaces[who].start({}, 'tshark', '-q', '-i', 'eth0', '-F', 'pcap', '-w', files[who]),
  );
  await waitUntil(
    () => listeners.every(({ lines }) => lines.some((line) => line.includes('Capturing'))),
    20,
  );
  await sleep(500);
  await stage.join();
  for (let round = 0; round < 5; round++) {
    stage.ada.tell({ do: 'send', octets: [...SYSEX] });
    stage.ben.tell({ do: 'send', octets: [...SYSEX] });
    await sleep(300);
  }
  await stage.leave();
  await sleep(1_000);
  for (const listener of listeners) await listener.end();
  // What is announced by mDNS is for everybody, by design.
  const seen = await Promise.all(
    Object.values(files).map(async (file) => {
      const rest = `${file}.rest`;
      const wanted = ['-r', file, '-Y', 'not mdns', '-F', 'pcap', '-w', rest];
      const said = await stage.net.hub.read({}, 'tshark', ...wanted);
      if (said.startsWith('Error')) throw new Error(said);
      return readFile(rest);
    }),
  );
  return Buffer.concat(seen);
}

/** In the forms that a program might write it. */
function forms(bytes: Uint8Array): readonly Buffer[] {
  const plain = Buffer.from(bytes);
  const texts = (['hex', 'base64', 'base64url'] as const).map((form) => plain.toString(form));
  return [plain, ...texts.map((text) => Buffer.from(text))];
}

async function secrets(stage: Stage): Promise<ReadonlyMap<string, readonly Buffer[]>> {
  const known = new Map<string, readonly Buffer[]>();
  // A stream may cut the message anywhere: eight octets of it are as good as all.
  for (let at = 0; at + 8 <= PLAYED.length; at += 8) {
    known.set(`notes ${at}`, [Buffer.from(PLAYED.subarray(at, at + 8))]);
  }
  for (const name of [SESSION, ...Object.values(NAMES)]) {
    known.set(`name ${name}`, [Buffer.from(name), Buffer.from(name, 'utf16le')]);
  }
  for (const [who, folder] of Object.entries(stage.folders)) {
    const storage = await openFileStorage({ log: silentLog }, { directory: folder });
    const seed = await storage.read('identity/ed25519');
    if (seed?.length !== 32) throw new Error('the key is kept elsewhere now');
    known.set(`key of ${who}`, forms(seed));
  }
  return known;
}

function found(seen: Buffer, known: ReadonlyMap<string, readonly Buffer[]>): readonly string[] {
  return [...known]
    .filter(([, each]) => each.some((bytes) => seen.includes(bytes)))
    .map(([what]) => what);
}

function scenario(title: string, kind: StageKind, security: 'encrypted' | 'open'): void {
  test(title, { timeout: 90_000 }, async (context) => {
    if (missing !== undefined) return context.skip(missing);
    await using stage = await openStage(kind, security);
    const seen = await capture(stage);
    expect(seen.length).toBeGreaterThan(50_000);
    const clear = found(seen, await secrets(stage));
    if (security === 'encrypted') expect(clear).toEqual([]);
    // What the same search finds where nothing is encrypted.
    else expect(clear).toEqual(expect.arrayContaining(['notes 0', `name ${SESSION}`]));
  });
}

scenario('a capture of a jam on one LAN holds no note, name or key', 'lan', 'encrypted');
scenario(
  'a capture of a jam through the TURN server holds no note, name or key',
  ['strict', 'strict'],
  'encrypted',
);
scenario(
  'a capture of a jam through the control server holds no note, name or key',
  ['open', 'blocked'],
  'encrypted',
);
scenario('the same search finds notes and names where links are open', 'lan', 'open');

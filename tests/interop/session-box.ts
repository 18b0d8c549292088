/**
 * A whole box in a process of its own, for tests in network namespaces: real network, a wire in memory.
 *
 * node --import tsx tests/interop/session-box.ts <name> <data folder> <encrypted | open> [<control server> <its certificate>]
 *
 * Takes  BoxCommand, one as JSON a line, on stdin.
 * Gives  BoxEvent, one as JSON a line, on stdout. Times are milliseconds of this machine's clock (`Date.now`).
 */
import { createInterface } from 'node:readline';
import { openBoxPorts } from '../../cli/box-ports.ts';
import { type Box, openBox } from '../../runtime/compose.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { fromMillis, type Instant } from '../../runtime/core/time.ts';
import type { CodePrompt, FoundSession } from '../../runtime/session/session.ts';
import { resolveSettings } from '../../runtime/settings/settings-resolution.ts';
import { openSimMidiInput, openSimMidiWire } from '../../sim/midi-wire.ts';

export type BoxCommand =
  | { readonly do: 'create'; readonly session: string }
  /** The clock of `joined` and `heard` starts when it is found. */
  | { readonly do: 'join'; readonly session: string }
  | { readonly do: 'rejoin' }
  | { readonly do: 'invite' }
  | { readonly do: 'open'; readonly link: string }
  | { readonly do: 'code'; readonly code: string }
  | { readonly do: 'leave' }
  /** Octets on the wire into the box. */
  | { readonly do: 'send'; readonly octets: readonly number[] }
  /** A short note every so many milliseconds; 0: no more. */
  | { readonly do: 'play'; readonly every: number }
  | { readonly do: 'tempo'; readonly bpm: number }
  /** Answered by `state`. */
  | { readonly do: 'tell' };

export type BoxEvent =
  | { readonly kind: 'ready'; readonly box: string }
  | { readonly kind: 'created' }
  | { readonly kind: 'joined'; readonly after: number }
  /** The first note since the last join or invitation. */
  | { readonly kind: 'heard'; readonly after: number }
  | { readonly kind: 'silence'; readonly from: number; readonly to: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'invitation'; readonly link: string }
  | { readonly kind: 'showsCode'; readonly code: string }
  | { readonly kind: 'asksCode' }
  | {
      readonly kind: 'state';
      /** Numbers of the keys that sound. */
      readonly sounding: readonly number[];
      readonly tempo: number;
      readonly notes: number;
      readonly online: string;
      readonly participants: readonly { readonly name: string; readonly route: string }[];
    };

const KEY = 60;
/** Silences that are told, in milliseconds. */
const SILENCE = 300;

const [name = 'Box', folder = '', security = 'encrypted', server = '', certificate = ''] =
  process.argv.slice(2);
const WANTED: Readonly<Record<string, unknown>> = {
  'box.name': name,
  'rtp.port': 0,
  'rtp.accept': 'anyone',
  'link.port': 0,
  'link.security': security,
  'status.enabled': false,
  ...(server === '' ? {} : { 'control.server': server, 'control.certificate': certificate }),
};
const { settings } = resolveSettings(
  Object.entries(WANTED).map(([key, value]) => ({ key, value, source: 'flag', where: key })),
);
const ports = await openBoxPorts({ log: silentLog }, settings, {
  dataFolder: folder,
  version: 'test',
});
const { clock, controlPlane } = ports.deps;
const box: Box = await openBox(ports.deps, { settings, version: 'test' });

function tell(event: BoxEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

const input = openSimMidiInput({ clock });
box.addInput(input);
const wire = openSimMidiWire({ clock }, { byteTime: fromMillis(0.01) });
box.addOutput(wire.output);

let clicked: number | undefined;
let lastNote: number | undefined;
let notes = 0;
const sounding = new Set<number>();
wire.far.onBytes((bytes) => {
  const [status = 0, key = 0, velocity = 0] = bytes;
  const kind = status & 0xf0;
  if (kind !== 0x90 && kind !== 0x80) return;
  if (kind === 0x80 || velocity === 0) {
    sounding.delete(key);
    return;
  }
  sounding.add(key);
  notes++;
  const now = Date.now();
  if (clicked !== undefined) tell({ kind: 'heard', after: now - clicked });
  clicked = undefined;
  if (lastNote !== undefined && now - lastNote > SILENCE) {
    tell({ kind: 'silence', from: lastNote, to: now });
  }
  lastNote = now;
});

let giveCode: ((code: string) => void) | undefined;
const askCode: CodePrompt = (_asked, signal) =>
  new Promise((resolve, reject) => {
    giveCode = resolve;
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    tell({ kind: 'asksCode' });
  });
box.session.onCode((shown) => shown && tell({ kind: 'showsCode', code: shown.code }));

const NEVER = new AbortController().signal;

async function timed(join: () => Promise<void>): Promise<void> {
  const started = Date.now();
  clicked = started;
  lastNote = undefined;
  await join();
  tell({ kind: 'joined', after: Date.now() - started });
}

function untilFound(session: string): Promise<FoundSession> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = box.session.found.find((each) => each.name === session);
      if (!found) return;
      listening[Symbol.dispose]();
      resolve(found);
    };
    const listening = box.session.onFound(look);
    look();
  });
}

let every = 0;
const pace = clock.alarm(() => {
  if (every === 0) return;
  const now = clock.now();
  input.feed(Uint8Array.of(0x90, KEY, 100), now);
  setTimeout(() => input.feed(Uint8Array.of(0x80, KEY, 0)), every / 2);
  pace.set((now + every * 1_000) as Instant);
});

async function obey(command: BoxCommand): Promise<void> {
  switch (command.do) {
    case 'create':
      await box.session.create(command.session);
      tell({ kind: 'created' });
      break;
    case 'join': {
      const found = await untilFound(command.session);
      await timed(() => box.session.join(found, NEVER, askCode));
      break;
    }
    case 'rejoin':
      await timed(() => box.session.rejoinLast(NEVER, askCode));
      break;
    case 'invite':
      tell({ kind: 'invitation', link: (await box.session.invite()).link });
      break;
    case 'open':
      await timed(() => box.session.openInvitation(command.link, NEVER, askCode));
      break;
    case 'code':
      giveCode?.(command.code);
      break;
    case 'leave':
      await box.session.leave();
      break;
    case 'send':
      input.feed(Uint8Array.from(command.octets));
      break;
    case 'play':
      every = command.every;
      pace.set(clock.now());
      break;
    case 'tempo':
      box.session.setTempo(command.bpm);
      break;
    case 'tell':
      tell({
        kind: 'state',
        sounding: [...sounding],
        tempo: box.session.context?.timeline.bpm ?? 0,
        notes,
        online: controlPlane?.state ?? 'off',
        participants: (box.session.context?.participants ?? []).map((each) => ({
          name: each.name,
          route: each.self ? 'self' : (each.route ?? 'none'),
        })),
      });
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  obey(JSON.parse(line) as BoxCommand).catch((failure: unknown) => {
    tell({ kind: 'failed', reason: failure instanceof Error ? failure.message : String(failure) });
  });
});
process.on('SIGTERM', () => {
  void (async () => {
    await box[Symbol.asyncDispose]();
    await ports[Symbol.asyncDispose]();
    process.exit(0);
  })();
});
tell({ kind: 'ready', box: ports.identity.box });

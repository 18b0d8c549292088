/**
 * The program of one member of the band that has a process of its own: `togthr sim --processes` forks it for each box.
 *
 * Takes  ToMember from the band. Gives  FromMember, and ends when the band closes it or goes away.
 */
import { PortError } from '../../../runtime/core/errors.ts';
import { Teardown } from '../../../runtime/core/lifecycle.ts';
import type { Instant } from '../../../runtime/core/time.ts';
import { openMonotonicClock } from '../../../runtime/platform/monotonic-clock.ts';
import { openOutputScheduler } from '../../../runtime/platform/output-scheduler.ts';
import { openPinoLog } from '../../../runtime/platform/pino-log.ts';
import { openProgramModels } from '../../../runtime/platform/program-models.ts';
import { openLocalMember } from '../local-member.ts';
import { PieceLibrary } from '../pieces.ts';
import type { BandMember } from '../simulated-band.ts';
import type {
  FromMember,
  MemberCall,
  MemberFacts,
  MemberStart,
  ToMember,
} from './member-messages.ts';
import { openRelayedDiscovery } from './relayed-discovery.ts';

const STATS_MS = 200;

const held = new Teardown();
const discovery = openRelayedDiscovery(send);
const running = new Map<number, AbortController>();
let member: BandMember | undefined;

function send(message: FromMember): void {
  if (process.connected) process.send?.(message);
}

async function open(start: MemberStart): Promise<MemberFacts> {
  const library = new PieceLibrary();
  library.addBundled();
  for (const path of start.files) library.addFile(path);
  const clock = openMonotonicClock();
  const log = held.hold(openPinoLog({ level: start.settings.log.level }));
  const scheduler = held.hold(await openOutputScheduler());
  const models = held.hold(await openProgramModels({ log }));
  const origin = (start.origin - performance.timeOrigin * 1_000) as Instant;
  const opened = held.hold(
    await openLocalMember(
      { clock, log, scheduler, discovery, models, song: (piece) => library.song(piece) },
      { ...start, origin },
    ),
  );
  member = opened;
  opened.onFrame((frame, brightness) => send({ kind: 'frame', frame, brightness }));
  opened.onLeds((leds) => send({ kind: 'leds', leds }));
  opened.onNote((note) => send({ kind: 'note', note }));
  opened.onControl((control) => send({ kind: 'control', control }));
  opened.onSession((session) => send({ kind: 'session', session }));
  opened.onFate((fate) => send({ kind: 'fate', fate }));
  opened.onForecast((forecast) => send({ kind: 'forecast', forecast }));
  opened.player.onState((state) => send({ kind: 'player', state }));
  const tell = (): void => send({ kind: 'stats', stats: opened.stats(), hears: opened.hears });
  const timer = setInterval(tell, STATS_MS);
  held.defer(() => clearInterval(timer));
  send({ kind: 'frame', frame: opened.frame, brightness: opened.brightness });
  return { id: opened.id, name: opened.name };
}

async function answer(call: MemberCall, signal: AbortSignal): Promise<MemberFacts | undefined> {
  switch (call.kind) {
    case 'open':
      return open(call.start);
    case 'create':
      await member?.create();
      return undefined;
    case 'join':
      await member?.joinWith(call.session, signal);
      return undefined;
    case 'close':
      await held[Symbol.asyncDispose]();
      return undefined;
  }
}

async function carryOut(id: number, call: MemberCall): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    send({ kind: 'answer', id, facts: await answer(call, abort.signal) });
  } catch (failure) {
    const code = failure instanceof PortError ? failure.code : undefined;
    const message = failure instanceof Error ? failure.message : String(failure);
    send({ kind: 'failure', id, code, message });
  }
  running.delete(id);
  if (call.kind === 'close') process.disconnect();
}

function take(message: ToMember): void {
  switch (message.kind) {
    case 'call':
      void carryOut(message.id, message.call);
      break;
    case 'cancel':
      running.get(message.id)?.abort();
      break;
    case 'turn':
      member?.turn(message.detents);
      break;
    case 'press':
      member?.press();
      break;
    case 'release':
      member?.release();
      break;
    case 'play':
      member?.play(message.bytes);
      break;
    case 'panic':
      member?.panic();
      break;
    case 'hear':
      member?.hear(message.participant, message.how);
      break;
    case 'watch':
      member?.watch(message.on);
      break;
    case 'playAt':
      member?.playAt(message.piece, message.tracks, message.loop, message.at);
      break;
    case 'conduct':
      member?.conduct(message.time);
      break;
    case 'stop':
      member?.player.stop();
      break;
    case 'setLoop':
      member?.player.setLoop(message.loop);
      break;
    case 'setProfile':
      member?.setProfile(message.name, message.to);
      break;
    case 'found':
    case 'announced':
      discovery.take(message);
      break;
  }
}

process.on('message', (message) => take(message as ToMember));
// Ctrl-C reaches every process of the terminal; the band ends us in order. If it is gone, we end ourselves.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => {
  held[Symbol.asyncDispose]()
    .finally(() => process.exit())
    .catch(() => process.exit(1));
});

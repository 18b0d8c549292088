/**
 * `togthr send`: an RTP-MIDI peer that plays a note or a MIDI file, for diagnosis.
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { PortError } from '../../runtime/core/errors.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { after, fromMillis, type Instant, type Micros, micros } from '../../runtime/core/time.ts';
import { type MidiFileEvent, readMidiFile } from '../../sim/midi-file.ts';
import { CommandError, UsageError } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { positiveNumber, wholeNumber } from '../option-values.ts';
import {
  connectPeer,
  openRtpPeer,
  type PeerTarget,
  parsePeer,
  type RtpPeerProgram,
  writePeer,
} from '../rtp-peer.ts';
import { note, print, printJson } from '../terminal.ts';

interface SendOptions {
  readonly connect: PeerTarget;
  readonly file?: string;
  readonly note?: number;
  readonly channel: number;
  readonly velocity: number;
  readonly duration: number;
  readonly wait: number;
  readonly json?: boolean;
}

const WAIT_SECONDS = 15;
/** Before goodbye: packets that were lost are made up for by the ones that follow. */
const LINGER: Micros = fromMillis(300);

export function registerSend(program: Command): void {
  program
    .command('send')
    .description('play a note or a MIDI file to an RTP-MIDI (AppleMIDI) peer')
    .requiredOption('--connect <peer>', 'invite this peer: HOST:PORT or its name', parsePeer)
    .option('--file <file.mid>', 'play this MIDI file, in time')
    .option('--note <key>', 'play one note (60 is middle C)', wholeNumber('--note', 0, 127))
    .option('--channel <n>', 'of the note', wholeNumber('--channel', 1, 16), 1)
    .option('--velocity <n>', 'of the note', wholeNumber('--velocity', 1, 127), 100)
    .option(
      '--duration <ms>',
      'of the note, in milliseconds',
      positiveNumber('--duration', 60_000, 'milliseconds'),
      500,
    )
    .option(
      '--wait <n>',
      'how long to wait for an answer, in seconds',
      positiveNumber('--wait', 3_600, 'seconds'),
      WAIT_SECONDS,
    )
    .option('--json', 'print what was sent as a JSON object')
    .action((options: SendOptions) => send(options));
}

async function send(options: SendOptions): Promise<void> {
  const events = await choosePiece(options);
  await interruptible(async (signal) => {
    await using peer = await openRtpPeer('send', 0);
    note(`inviting ${writePeer(options.connect)}`);
    await connectPeer(peer, options.connect, options.wait, signal);
    const played = await play(peer, events, signal);
    const { rtt, loss } = peer.endpoint.peers[0]?.stats ?? { rtt: undefined, loss: 0 };
    const rttMs = rtt === undefined ? undefined : Math.round(rtt / 10) / 100;
    if (options.json === true) {
      printJson({ messages: played.messages, notes: played.notes, rttMs, loss });
    } else {
      print(
        `sent ${played.messages} messages, ${played.notes} notes${rttMs === undefined ? '' : `; round trip ${rttMs} ms`}`,
      );
    }
    if (played.lost) {
      throw new CommandError(
        `${writePeer(options.connect)} left before the end; look there for the reason`,
      );
    }
  });
}

async function choosePiece(options: SendOptions): Promise<readonly MidiFileEvent[]> {
  const { file, note: key, channel, velocity, duration } = options;
  if ((file === undefined) === (key === undefined)) {
    throw new UsageError('send needs --file FILE.mid or --note KEY, one of the two');
  }
  if (key !== undefined) {
    const on = shortMessage(0x90 | (channel - 1), key, velocity);
    const off = shortMessage(0x80 | (channel - 1), key, 64);
    return [
      ...(on ? [{ at: micros(0), message: on }] : []),
      ...(off ? [{ at: fromMillis(duration), message: off }] : []),
    ];
  }
  const path = file ?? '';
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (failure) {
    const code = failure instanceof Error && 'code' in failure ? String(failure.code) : 'unknown';
    throw new UsageError(`can't read ${path} (${code}); check --file`, { cause: failure });
  }
  try {
    const { tracks } = readMidiFile(bytes);
    const events = tracks.flatMap((track) => track.events);
    if (events.length === 0) throw new UsageError(`${path} has nothing to play; choose another`);
    return events.toSorted((a, b) => a.at - b.at);
  } catch (failure) {
    if (!(failure instanceof PortError)) throw failure;
    throw new UsageError(`${path} is ${failure.message}; choose another file`, { cause: failure });
  }
}

interface Played {
  readonly messages: number;
  readonly notes: number;
  /** The peer left before the end. */
  readonly lost: boolean;
}

/** Plays in time; whatever happens, every note that was started is ended. */
function play(
  { clock, endpoint }: RtpPeerProgram,
  events: readonly MidiFileEvent[],
  signal: AbortSignal,
): Promise<Played> {
  return new Promise((resolve) => {
    const start = clock.now();
    const down = new Map<number, MidiMessage>();
    let next = 0;
    let messages = 0;
    let notes = 0;
    let lost = false;
    let ended = false;

    const put = (message: MidiMessage, at: Instant): void => {
      messages++;
      if (message.kind === 'noteOn') {
        notes++;
        down.set((message.channel << 7) | message.key, message);
      } else if (message.kind === 'noteOff') {
        down.delete((message.channel << 7) | message.key);
      }
      endpoint.send(message, at);
    };
    const finish = (): void => {
      if (ended) {
        alarm[Symbol.dispose]();
        leaving[Symbol.dispose]();
        signal.removeEventListener('abort', finish);
        resolve({ messages, notes, lost });
        return;
      }
      ended = true;
      for (const message of [...down.values()]) {
        if (message.kind !== 'noteOn') continue;
        const off = shortMessage(0x80 | message.channel, message.key, 64);
        if (off) put(off, clock.now());
      }
      endpoint.flush();
      alarm.set(after(clock.now(), LINGER));
    };
    const alarm = clock.alarm(() => {
      const now = clock.now();
      while (!ended && next < events.length) {
        const event = events[next];
        if (!event) break;
        const due = after(start, event.at);
        if (due > now) {
          alarm.set(due);
          return;
        }
        put(event.message, due);
        next++;
      }
      finish();
    });
    const leaving = endpoint.onPeer((_peer, state) => {
      if (state !== 'left' || ended) return;
      lost = true;
      finish();
    });
    signal.addEventListener('abort', finish);
    // An alarm alone doesn't keep a program alive; the sockets do.
    alarm.set(start);
  });
}

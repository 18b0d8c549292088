/**
 * `togthr monitor`: an RTP-MIDI peer that prints what it hears, for diagnosis.
 */
import type { Command } from 'commander';
import { encodeMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { RtpMidiPeer } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { UsageError } from '../failure.ts';
import { interruptible, untilInterrupted } from '../interrupt.ts';
import { positiveNumber } from '../option-values.ts';
import {
  connectPeer,
  openRtpPeer,
  type PeerTarget,
  parseControlPort,
  parsePeer,
  type RtpPeerProgram,
  writeAddress,
  writePeer,
} from '../rtp-peer.ts';
import { note, print, printJson } from '../terminal.ts';

interface MonitorOptions {
  readonly connect?: PeerTarget;
  readonly listen?: number;
  readonly json?: boolean;
  readonly seconds?: number;
  readonly wait: number;
}

const WAIT_SECONDS = 15;
const SYSEX_OCTETS_SHOWN = 16;

export function registerMonitor(program: Command): void {
  program
    .command('monitor')
    .description('print what an RTP-MIDI (AppleMIDI) peer plays')
    .option('--connect <peer>', 'invite this peer: HOST:PORT or its name', parsePeer)
    .option('--listen <port>', 'wait for peers on this port and the next one', parseControlPort)
    .option('--json', 'one JSON object a line')
    .option('--seconds <n>', 'stop after this long', positiveNumber('--seconds', 86_400, 'seconds'))
    .option(
      '--wait <n>',
      'how long to wait for an answer, in seconds',
      positiveNumber('--wait', 3_600, 'seconds'),
      WAIT_SECONDS,
    )
    .addHelpText('after', HELP)
    .action((options: MonitorOptions) => monitor(options));
}

const HELP: string = `
Each line: wall time, peer, the message in words, how long it was on its way, and by how much that may be off at the
most: the clocks are compared by round trips, and the two ways may differ.
With --json: {"type":"midi","time","peer","ssrc","message","bytes","latencyMs","withinMs","recovered"}
         and {"type":"peer","time","peer","ssrc","address","state","reason"}.
"recovered" messages were lost and brought back by the recovery journal, or end what a lost peer left sounding.`;

async function monitor(options: MonitorOptions): Promise<void> {
  const { connect, listen } = options;
  if (connect === undefined && listen === undefined) {
    throw new UsageError('monitor needs --connect PEER or --listen PORT; see --help');
  }
  await interruptible(async (signal) => {
    await using peer = await openRtpPeer('monitor', listen ?? 0);
    report(peer, options.json === true);
    if (listen !== undefined) note(`listening on UDP ports ${listen} and ${listen + 1}`);
    if (connect !== undefined) {
      note(`inviting ${writePeer(connect)}`);
      await connectPeer(peer, connect, options.wait, signal);
    }
    await until(signal, options.seconds);
  });
}

/** Not AbortSignal.any with AbortSignal.timeout: Node 20 may collect those as garbage, and then nothing ends. */
async function until(signal: AbortSignal, seconds: number | undefined): Promise<void> {
  if (seconds === undefined) return untilInterrupted(signal);
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1_000);
  });
  await Promise.race([timeUp, untilInterrupted(signal)]);
  clearTimeout(timer);
}

function report({ clock, endpoint }: RtpPeerProgram, json: boolean): void {
  const time = (): string => new Date(clock.wallNow()).toISOString();
  endpoint.onPeer((peer, state, reason) => {
    if (json) {
      const address = writeAddress(peer.address);
      printJson({ type: 'peer', time: time(), ...identify(peer), address, state, reason });
    } else {
      print(`${time().slice(11, 23)}  ${peer.name}  ${state}${reason ? ` (${reason})` : ''}`);
    }
  });
  endpoint.onMidi((peer, message, performedAt, arrivedAt, recovered) => {
    const latencyMs = Math.round((arrivedAt - performedAt) / 10) / 100;
    const { bound } = peer.clock;
    const withinMs = bound === undefined ? null : Math.round(bound / 10) / 100;
    if (json) {
      const bytes = Buffer.from(encodeMessage(message)).toString('hex');
      const { kind, ...fields } = message;
      const shown = kind === 'sysEx' ? { kind } : { kind, ...fields };
      printJson({
        type: 'midi',
        time: time(),
        ...identify(peer),
        message: shown,
        bytes,
        latencyMs,
        withinMs,
        recovered,
      });
    } else {
      const words = messageInWords(message);
      print(
        `${time().slice(11, 23)}  ${peer.name}  ${words}  ${latencyMs.toFixed(2)} ms${withinMs === null ? '' : ` ±${withinMs.toFixed(1)}`}${recovered ? '  recovered' : ''}`,
      );
    }
  });
}

type Identity = { readonly peer: string; readonly ssrc: string };

function identify(peer: RtpMidiPeer): Identity {
  return { peer: peer.name, ssrc: peer.ssrc.toString(16).padStart(8, '0') };
}

/** Channels are counted from 1, as people do. */
function messageInWords(message: MidiMessage): string {
  switch (message.kind) {
    case 'noteOn':
      return `ch ${message.channel + 1} note on ${message.key} velocity ${message.velocity}`;
    case 'noteOff':
      return `ch ${message.channel + 1} note off ${message.key} velocity ${message.velocity}`;
    case 'polyPressure':
      return `ch ${message.channel + 1} pressure ${message.pressure} on ${message.key}`;
    case 'controlChange':
      return `ch ${message.channel + 1} controller ${message.controller} value ${message.value}`;
    case 'programChange':
      return `ch ${message.channel + 1} program ${message.program}`;
    case 'channelPressure':
      return `ch ${message.channel + 1} pressure ${message.pressure}`;
    case 'pitchBend':
      return `ch ${message.channel + 1} pitch bend ${message.value - 8_192}`;
    case 'sysEx': {
      const shown = Buffer.from(message.data.subarray(0, SYSEX_OCTETS_SHOWN)).toString('hex');
      const more = message.data.length > SYSEX_OCTETS_SHOWN ? '...' : '';
      return `SysEx, ${message.data.length} octets ${shown}${more}`;
    }
    case 'mtcQuarterFrame':
      return `time code piece ${message.piece} value ${message.nibble}`;
    case 'songPosition':
      return `song position ${message.beats}`;
    case 'songSelect':
      return `song ${message.song}`;
    case 'tuneRequest':
      return 'tune request';
    case 'timingClock':
      return 'clock';
    case 'start':
      return 'start';
    case 'continue':
      return 'continue';
    case 'stop':
      return 'stop';
    case 'activeSensing':
      return 'active sensing';
    case 'systemReset':
      return 'system reset';
  }
}

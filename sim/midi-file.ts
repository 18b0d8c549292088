/**
 * Standard MIDI Files, read for playing: every track's messages at their time, the tempo map applied.
 *
 * Takes  the bytes of a file, format 0 or 1.
 * Gives  a song; or PortError 'invalid' that says what is wrong with the bytes, whatever they are.
 * Spec   Standard MIDI Files 1.0 (RP-001). The events are parsed by the npm package midi-file; chunks are walked here,
 *        because the package neither skips alien chunks nor notices a file that is cut off.
 */
import { type MidiData, type MidiEvent, parseMidi } from 'midi-file';
import { PortError } from '../runtime/core/errors.ts';
import type { MidiMessage } from '../runtime/core/midi-message.ts';
import { type Micros, micros } from '../runtime/core/time.ts';

export interface MidiFileEvent {
  /** From the start of the song. */
  readonly at: Micros;
  readonly message: MidiMessage;
}

export interface MidiFileTrack {
  /** As the file has it; empty when it has none. */
  readonly name: string;
  /** In order of time. */
  readonly events: readonly MidiFileEvent[];
}

export interface MidiFileSong {
  /** Only tracks with something to play; a file of format 0 gives one. */
  readonly tracks: readonly MidiFileTrack[];
  /** Where the longest track ends: the length of a loop. */
  readonly duration: Micros;
  /** At the start, in quarter notes a minute; 120 when the file says nothing. */
  readonly bpm: number;
  /** Quarter notes in a bar at the start; 4 when the file says nothing. */
  readonly beatsPerBar: number;
  /** The tempo from each of these times on; the first from the start. */
  readonly tempos: readonly MidiFileTempo[];
}

export interface MidiFileTempo {
  readonly at: Micros;
  /** Quarter notes from the start of the song to `at`. */
  readonly beat: number;
  readonly bpm: number;
}

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_TRACKS = 256;
const MAX_DURATION = 24 * 3_600 * 1e6;
const DEFAULT_TEMPO = 500_000;

export function readMidiFile(bytes: Uint8Array): MidiFileSong {
  const data = parse(musicalChunks(bytes));
  const clock = tempoMap(data);
  const tracks: MidiFileTrack[] = [];
  let duration = 0;
  for (const [index, events] of data.tracks.entries()) {
    const track = readTrack(events, index, clock);
    duration = Math.max(duration, track.end);
    if (track.events.length > 0) tracks.push({ name: track.name, events: track.events });
  }
  if (duration > MAX_DURATION) throw invalid('it claims to last more than a day');
  return {
    tracks,
    duration: micros(duration),
    bpm: clock.firstBpm,
    beatsPerBar: firstMetre(data) ?? 4,
    tempos: clock.tempos,
  };
}

function invalid(what: string, cause?: unknown): PortError {
  return new PortError('invalid', `not a playable MIDI file: ${what}`, { cause });
}

/** The header and track chunks, each whole; chunks of other kinds are left out, as the specification asks. */
function musicalChunks(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_BYTES) throw invalid(`${bytes.length} bytes is too long (8 MiB at most)`);
  if (bytes.length < 14 || chunkName(bytes, 0) !== 'MThd') {
    throw invalid('it does not begin with an MThd header');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(4) < 6) throw invalid('its header is too short');
  const format = view.getUint16(8);
  if (format > 1) throw invalid(`format ${format} is not supported (0 and 1 are)`);
  const wanted = view.getUint16(10);
  if (wanted > MAX_TRACKS) throw invalid(`${wanted} tracks (${MAX_TRACKS} at most)`);
  const kept = new Uint8Array(bytes.length);
  let length = 0;
  let tracks = 0;
  for (let at = 0; at < bytes.length && tracks < wanted; ) {
    if (at + 8 > bytes.length) throw invalid(`it is cut off at byte ${at}`);
    const name = chunkName(bytes, at);
    const end = at + 8 + view.getUint32(at + 4);
    if (end > bytes.length) {
      throw invalid(
        `chunk ${name} at byte ${at} is cut off: ${end - bytes.length} bytes are missing`,
      );
    }
    if (name === 'MThd' || name === 'MTrk') {
      if (name === 'MTrk') tracks++;
      else if (at > 0) throw invalid(`a second header at byte ${at}`);
      kept.set(bytes.subarray(at, end), length);
      length += end - at;
    }
    at = end;
  }
  if (tracks < wanted) throw invalid(`${wanted} tracks announced, ${tracks} found`);
  return kept.subarray(0, length);
}

function chunkName(bytes: Uint8Array, at: number): string {
  let name = '';
  for (let i = at; i < at + 4; i++) {
    const octet = bytes[i] ?? 0;
    name += octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '?';
  }
  return name;
}

function parse(bytes: Uint8Array): MidiData {
  try {
    return parseMidi(bytes);
  } catch (failure) {
    // The package throws strings.
    const reason = typeof failure === 'string' ? failure : 'a track can not be parsed';
    throw invalid(reason, failure);
  }
}

interface TempoMap {
  /** Microseconds from the start at a tick; ticks asked for in rising order may pass `from` on. */
  at(tick: number): number;
  readonly firstBpm: number;
  readonly tempos: readonly MidiFileTempo[];
}

interface TempoChange {
  readonly tick: number;
  readonly at: number;
  readonly perTick: number;
}

function tempoMap(data: MidiData): TempoMap {
  const { ticksPerBeat, framesPerSecond, ticksPerFrame } = data.header;
  if (framesPerSecond !== undefined && ticksPerFrame !== undefined) {
    // 29 stands for 30 drop-frame: 30000/1001 frames a second.
    const frames = framesPerSecond === 29 ? 30_000 / 1_001 : framesPerSecond;
    const perTick = 1e6 / (frames * ticksPerFrame);
    if (!(perTick > 0 && Number.isFinite(perTick))) throw invalid('its time division is zero');
    const tempos = [{ at: micros(0), beat: 0, bpm: 120 }];
    return { at: (tick) => tick * perTick, firstBpm: 120, tempos };
  }
  if (!ticksPerBeat) throw invalid('its time division is zero');
  const tempos = data.tracks.flatMap(temposOf).sort((a, b) => a.tick - b.tick);
  const changes: TempoChange[] = [{ tick: 0, at: 0, perTick: DEFAULT_TEMPO / ticksPerBeat }];
  for (const { tick, perBeat } of tempos) {
    const last = changes[changes.length - 1] as TempoChange;
    const change = {
      tick,
      at: last.at + (tick - last.tick) * last.perTick,
      perTick: perBeat / ticksPerBeat,
    };
    if (tick === last.tick) changes.pop();
    changes.push(change);
  }
  return {
    at: (tick) => {
      let low = 0;
      for (let high = changes.length; high - low > 1; ) {
        const middle = (low + high) >> 1;
        if ((changes[middle] as TempoChange).tick <= tick) low = middle;
        else high = middle;
      }
      const change = changes[low] as TempoChange;
      return change.at + (tick - change.tick) * change.perTick;
    },
    firstBpm: 60e6 / ((changes[0] as TempoChange).perTick * ticksPerBeat),
    tempos: changes.map(({ tick, at, perTick }) => ({
      at: micros(at),
      beat: tick / ticksPerBeat,
      bpm: 60e6 / (perTick * ticksPerBeat),
    })),
  };
}

function temposOf(events: readonly MidiEvent[]): { tick: number; perBeat: number }[] {
  const tempos: { tick: number; perBeat: number }[] = [];
  let tick = 0;
  for (const event of events) {
    tick += event.deltaTime;
    if (event.type !== 'setTempo') continue;
    if (!(event.microsecondsPerBeat > 0)) throw invalid('a tempo of zero');
    tempos.push({ tick, perBeat: event.microsecondsPerBeat });
  }
  return tempos;
}

function firstMetre(data: MidiData): number | undefined {
  for (const events of data.tracks) {
    for (const event of events) {
      if (event.type !== 'timeSignature') continue;
      const quarters = (event.numerator * 4) / event.denominator;
      if (quarters > 0 && quarters <= 64) return quarters;
    }
  }
  return undefined;
}

function readTrack(
  events: readonly MidiEvent[],
  index: number,
  clock: TempoMap,
): { name: string; events: MidiFileEvent[]; end: number } {
  const played: MidiFileEvent[] = [];
  let name = '';
  let tick = 0;
  for (const event of events) {
    tick += event.deltaTime;
    if (!Number.isFinite(tick)) throw invalid(`track ${index + 1} is cut off`);
    if (event.type === 'trackName') name = event.text.slice(0, 200);
    if (event.type === 'endOfTrack') break;
    const message = toMessage(event, index);
    if (message) played.push({ at: micros(clock.at(tick)), message });
  }
  return { name, events: played, end: clock.at(tick) };
}

/** What an instrument plays; undefined for meta events and for SysEx in pieces. */
function toMessage(event: MidiEvent, track: number): MidiMessage | undefined {
  const data = (value: number): number => {
    if (value >= 0 && value <= 127) return value;
    throw invalid(`track ${track + 1} has a ${event.type} with data that is missing or above 127`);
  };
  switch (event.type) {
    case 'noteOn':
    case 'noteOff': {
      const { type: kind, channel } = event;
      const velocity = event.byte9 ? 64 : data(event.velocity);
      return { kind, channel, key: data(event.noteNumber), velocity };
    }
    case 'noteAftertouch':
      return {
        kind: 'polyPressure',
        channel: event.channel,
        key: data(event.noteNumber),
        pressure: data(event.amount),
      };
    case 'controller':
      return {
        kind: 'controlChange',
        channel: event.channel,
        controller: data(event.controllerType),
        value: data(event.value),
      };
    case 'programChange':
      return {
        kind: 'programChange',
        channel: event.channel,
        program: data(event.programNumber),
      };
    case 'channelAftertouch':
      return { kind: 'channelPressure', channel: event.channel, pressure: data(event.amount) };
    case 'pitchBend': {
      const value = event.value + 0x2000;
      if (value >= 0 && value <= 0x3fff)
        return { kind: 'pitchBend', channel: event.channel, value };
      throw invalid(`track ${track + 1} has a pitch bend with data that is missing or above 127`);
    }
    case 'sysEx': {
      const octets = Uint8Array.from(event.data);
      const last = octets.length - 1;
      if (octets[last] !== 0xf7) return undefined;
      const inside = octets.subarray(0, last);
      return inside.every((octet) => octet < 0x80) ? { kind: 'sysEx', data: inside } : undefined;
    }
    default:
      return undefined;
  }
}

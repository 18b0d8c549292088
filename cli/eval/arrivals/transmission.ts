/**
 * What a bad network makes of a performance: when each note-on and note-off arrives, and which the journal brings back.
 *
 * Takes  the parts of a piece and a network profile; seeded by piece, profile and player.
 * Gives  events in order of arrival, and each note with the arrival of its note-on.
 *
 * Every player sends packets of their own: what happens at one moment shares one. A lost packet's events come with the next
 * packet that gets through, or with a guard packet: those follow the last packet as the box sends them, every 15 ms at
 * first (runtime/transport/rtp-midi/guard-schedule.ts).
 */
import type { Instant } from '../../../runtime/core/time.ts';
import { type Impairment, openImpairment } from '../../../sim/network/impairment.ts';
import { NETWORK_PROFILES, type ProfileName } from '../../../sim/network/profiles.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import type { Note, Part, Piece } from '../datasets/piece.ts';

export interface PlayedEvent {
  readonly peer: string;
  readonly time: number;
  readonly arrival: number;
  /** Hexadecimal. */
  readonly bytes: string;
  readonly recovered: boolean;
}

/** A note that was performed, and when its note-on reached the listener. */
export interface SentNote extends Note {
  readonly arrival: number;
}

export interface SentPart extends Part {
  readonly notes: readonly SentNote[];
}

export interface Transmission {
  /** In order of arrival. */
  readonly events: readonly PlayedEvent[];
  readonly parts: readonly SentPart[];
}

interface Send {
  readonly time: number;
  readonly bytes: string;
  /** Of the note that begins with it; undefined for a note-off. */
  readonly note: number | undefined;
}

const ONE_PACKET = 0.000_1;
const FIRST_GUARD = 0.015;
const STEADY_GUARDS = 8;
const RELEASE_VELOCITY = 64;

export function transmit(piece: Piece, profile: ProfileName): Transmission {
  const events: PlayedEvent[] = [];
  const parts = piece.parts.map((part) => {
    const impairment = openImpairment({
      randomness: seededRandomness(`network ${piece.id} ${profile} ${part.peer}`),
      profile: NETWORK_PROFILES[profile],
    });
    return send(part, impairment, events);
  });
  events.sort((a, b) => a.arrival - b.arrival || a.time - b.time);
  return { events, parts };
}

function send(part: Part, impairment: Impairment, events: PlayedEvent[]): SentPart {
  const arrivals = new Float64Array(part.notes.length);
  const deliver = (sends: readonly Send[], arrival: number, recovered: boolean): void => {
    const arrived = wholeMicros(arrival);
    for (const { time, bytes, note } of sends) {
      events.push({ peer: part.peer, time: wholeMicros(time), arrival: arrived, bytes, recovered });
      if (note !== undefined) arrivals[note] = arrived;
    }
  };
  const packets = packetsOf(part);
  let lost: Send[] = [];
  for (const [index, packet] of packets.entries()) {
    const at = packet[0]?.time ?? 0;
    const arrival = passage(impairment, at);
    if (arrival === undefined) {
      lost.push(...packet);
    } else {
      deliver(lost, arrival, true);
      deliver(packet, arrival, false);
      lost = [];
    }
    if (lost.length === 0) continue;
    const next = packets[index + 1]?.[0]?.time ?? Number.POSITIVE_INFINITY;
    const guarded = firstGuard(impairment, at, next);
    if (guarded === undefined) continue;
    deliver(lost, guarded, true);
    lost = [];
  }
  const notes = part.notes.map((note, index) => ({ ...note, arrival: arrivals[index] ?? 0 }));
  return { ...part, notes };
}

/** When the first guard packet arrives that gets through before `until`; undefined: none does. */
function firstGuard(impairment: Impairment, sent: number, until: number): number | undefined {
  let interval = FIRST_GUARD;
  let at = sent + interval;
  for (let guards = 1; at < until; guards++) {
    const arrival = passage(impairment, at);
    if (arrival !== undefined) return arrival;
    if (guards >= STEADY_GUARDS) interval *= 2;
    at += interval;
  }
  return undefined;
}

function passage(impairment: Impairment, at: number): number | undefined {
  const fate = impairment.next((at * 1e6) as Instant);
  return fate === 'lost' ? undefined : at + (fate[0] ?? 0) / 1e6;
}

function packetsOf(part: Part): readonly (readonly Send[])[] {
  const sends: Send[] = [];
  for (const [note, { at, duration, key, velocity }] of part.notes.entries()) {
    sends.push({ time: at, bytes: hex(0x90 | part.channel, key, velocity), note });
    const off = hex(0x80 | part.channel, key, RELEASE_VELOCITY);
    sends.push({ time: at + duration, bytes: off, note: undefined });
  }
  // Releases first: a key may be struck again at that moment.
  sends.sort((a, b) => a.time - b.time || Number(a.note ?? -1) - Number(b.note ?? -1));
  const packets: Send[][] = [];
  for (const one of sends) {
    const packet = packets.at(-1);
    if (packet && one.time - (packet[0]?.time ?? 0) < ONE_PACKET) packet.push(one);
    else packets.push([one]);
  }
  return packets;
}

function hex(...octets: readonly number[]): string {
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join('');
}

function wholeMicros(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

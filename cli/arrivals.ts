/**
 * Lines of an arrivals file (`togthr render --arrivals`), parsed once.
 *
 * Takes  one line of JSON at a time.
 * Gives  what it says, or BadLine with what is wrong with it. Fields that are not known are ignored.
 * Keeps  nothing.
 */

import { ROLES, type Role } from '../runtime/core/ensemble.ts';
import { decodeMessage } from '../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../runtime/core/midi-message.ts';

/** Times are seconds on the session clock. */
export type ArrivalLine =
  | {
      readonly type: 'header';
      /** The shared metronome; without it no beat is known. */
      readonly click: Click | undefined;
      readonly roles: ReadonlyMap<string, Role>;
    }
  | {
      readonly type: 'tempo';
      readonly arrival: number;
      readonly time: number;
      readonly bpm: number;
      readonly beat: number;
    }
  | {
      readonly type: 'midi';
      readonly peer: string;
      readonly arrival: number;
      readonly time: number;
      readonly message: MidiMessage;
      readonly recovered: boolean;
    };

interface Click {
  readonly origin: number;
  readonly bpm: number;
  readonly beatsPerBar: number;
}

export class BadLine extends Error {
  override readonly name = 'BadLine';
}

const VERSION = 1;
const MAX_SECONDS = 1e7;
const MAX_PEER = 200;
const MAX_LINE = 1_000_000;

type Fields = Readonly<Record<string, unknown>>;

export function parseArrivalLine(text: string): ArrivalLine {
  if (text.length > MAX_LINE) throw new BadLine(`it is longer than ${MAX_LINE} characters`);
  const fields = parseObject(text);
  switch (fields['type']) {
    case 'header':
      return parseHeader(fields);
    case 'tempo':
      return {
        type: 'tempo',
        arrival: seconds(fields, 'arrival'),
        time: seconds(fields, 'time'),
        bpm: within(fields, 'bpm', 1, 1_000),
        beat: within(fields, 'beat', -1e9, 1e9),
      };
    case 'midi':
      return {
        type: 'midi',
        peer: peerName(fields),
        arrival: seconds(fields, 'arrival'),
        time: seconds(fields, 'time'),
        message: message(fields),
        recovered: flag(fields, 'recovered'),
      };
    default:
      throw new BadLine(`"type" is ${show(fields['type'])}, not "header", "tempo" or "midi"`);
  }
}

function parseObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadLine('it is not JSON');
  }
  return asObject(value, 'it');
}

function parseHeader(fields: Fields): ArrivalLine {
  if (fields['version'] !== VERSION) {
    throw new BadLine(`"version" is ${show(fields['version'])}; this build reads version 1`);
  }
  const roles = new Map<string, Role>();
  if (fields['roles'] !== undefined) {
    for (const [peer, role] of Object.entries(asObject(fields['roles'], '"roles"'))) {
      const known = ROLES.find((name) => name === role);
      if (!known)
        throw new BadLine(`the role of ${peer} is ${show(role)}, not ${ROLES.join(', ')}`);
      roles.set(peer, known);
    }
  }
  if (fields['click'] === undefined) return { type: 'header', click: undefined, roles };
  const click = asObject(fields['click'], '"click"');
  return {
    type: 'header',
    click: {
      origin: seconds(click, 'origin'),
      bpm: within(click, 'bpm', 1, 1_000),
      beatsPerBar: within(click, 'beatsPerBar', 1, 64),
    },
    roles,
  };
}

function message(fields: Fields): MidiMessage {
  const hex = fields['bytes'];
  if (typeof hex !== 'string' || !/^([0-9a-f]{2})+$/i.test(hex)) {
    throw new BadLine(`"bytes" is ${show(hex)}, not pairs of hexadecimal digits`);
  }
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  }
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new BadLine(`"bytes" ${show(hex)} is no MIDI message (${decoded.fault})`);
  if (decoded.length !== bytes.length) {
    throw new BadLine(`"bytes" ${show(hex)} is more than one MIDI message`);
  }
  return decoded.value;
}

function peerName(fields: Fields): string {
  const peer = fields['peer'];
  if (typeof peer === 'string' && peer.length > 0 && peer.length <= MAX_PEER) return peer;
  throw new BadLine(`"peer" is ${show(peer)}, not a name of 1 to ${MAX_PEER} characters`);
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new BadLine(`"${name}" is ${show(value)}, not true or false`);
}

function seconds(fields: Fields, name: string): number {
  return within(fields, name, -MAX_SECONDS, MAX_SECONDS);
}

function within(fields: Fields, name: string, low: number, high: number): number {
  const value = fields[name];
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw new BadLine(`"${name}" is ${show(value)}, not a number from ${low} to ${high}`);
}

function asObject(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BadLine(`${what} is not an object`);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

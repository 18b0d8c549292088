/**
 * The settings of a box, by section.
 */
import type { JamMode } from '../core/ensemble.ts';
import type { LinkSecurity } from '../privacy/credentials.ts';

export const SETTINGS_VERSION = 1;

/** Keys with a unit end in it. Words, ranges and defaults are in the schema (settings-schema.ts). */
export interface Settings {
  readonly version: typeof SETTINGS_VERSION;
  readonly box: { readonly name: string; readonly instrument: string };
  readonly session: { readonly name: string; readonly autoRejoin: boolean };
  readonly midi: {
    readonly inputs: MidiDevices;
    readonly outputs: MidiDevices;
    readonly thru: boolean;
    readonly pass: Readonly<Record<MidiType, boolean>>;
    readonly maxPerSecond: Readonly<Record<CappedMidiType, number>>;
    readonly clockOut: ClockOut;
    readonly timeCodeOut: TimeCodeOut;
    /** 0: as far behind as that player's notes. */
    readonly clockDelayMs: number;
    readonly clockIn: ClockIn;
    readonly click: ClickSettings;
    /** Before a song that is started at this box. */
    readonly countInBars: number;
  };
  readonly rtp: {
    readonly port: number;
    readonly accept: AcceptPolicy;
    readonly remember: boolean;
    /** 0, 1 or 2. */
    readonly redundancy: number;
  };
  readonly link: { readonly port: number; readonly security: LinkSecurity };
  /** `server` empty: none. `certificate` empty: what the system trusts for the server's name. */
  readonly control: { readonly server: string; readonly certificate: string };
  readonly jam: {
    readonly mode: JamMode;
    readonly delay: DelayPolicy;
    /** With a fixed delay; 0: on arrival. */
    readonly fixedDelayMs: number;
    readonly lateLimitMs: number;
    readonly reorderHoldMs: number;
    /** 0: nothing is played before it arrives. */
    readonly predictionPercent: number;
    readonly quantizePercent: number;
    readonly grooveBars: number;
    /** Consent that the others' boxes carry on this player's part when the link is gone. */
    readonly carryOn: boolean;
    readonly carryOnBars: number;
    readonly balance: boolean;
  };
  readonly panel: {
    readonly brightness: number;
    readonly dimAfterSeconds: number;
    readonly blankAfterSeconds: number;
  };
  readonly status: { readonly enabled: boolean; readonly port: number; readonly address: string };
  readonly log: { readonly level: LogLevel };
  /** Empty: the usual place for this user. */
  readonly dataDir: string;
}

/** `auto`: all that are found. Otherwise `din:/dev/ttyAMA0`, `usb:NAME` or `file:/path/to/a/fifo`. */
export type MidiDevices = 'auto' | readonly string[];

/** Kinds of messages that may be held back. Notes are one: a filter never parts a note-on from its note-off. */
export type MidiType =
  | 'notes'
  | 'polyPressure'
  | 'controlChange'
  | 'programChange'
  | 'channelPressure'
  | 'pitchBend'
  | 'sysEx'
  | 'timeCode'
  | 'song'
  | 'transport'
  | 'clock'
  | 'activeSensing';

/** Kinds that can flood a link. */
export type CappedMidiType =
  | 'polyPressure'
  | 'controlChange'
  | 'channelPressure'
  | 'pitchBend'
  | 'sysEx';

/** Whose clock the outputs get: none, that of a remote player who sends one, or the session's metronome. */
export type ClockOut = 'off' | 'follow' | 'session';
export type TimeCodeOut = 'off' | 'follow';
/** Whether a clock at the inputs leads the session. */
export type ClockIn = 'off' | 'lead';

/** The session's metronome at the outputs. */
export interface ClickSettings {
  readonly mode: 'off' | 'countIn' | 'on';
  /** 1 to 16. */
  readonly channel: number;
  readonly key: number;
  readonly accentKey: number;
  readonly velocity: number;
}

/** How long after its performance a remote event sounds: as each stream's jitter asks for, or always the same. */
export type DelayPolicy = 'adaptive' | 'fixed';

export type AcceptPolicy = 'anyone' | 'subnet' | 'nobody';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

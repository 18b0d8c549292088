/**
 * One versioned schema, from which the flags, the environment variables, the settings file and the messages about a bad
 * value all come.
 *
 * Takes  unknown data.
 * Gives  Settings, or what is wrong with each key.
 * Keeps  nothing.
 */
import { z } from 'zod';
import { JAM_MODES, type JamMode } from '../core/ensemble.ts';
import { type CappedMidiType, type MidiType, SETTINGS_VERSION, type Settings } from './settings.ts';

/** What a key is, beside its type and range: `flag` names its command line option, where it has one. */
interface About {
  readonly description: string;
  readonly unit?: string;
  readonly flag?: string;
}

const whole = (min: number, max: number, preset: number, about: About) =>
  z
    .int()
    .min(min)
    .max(max)
    .default(preset)
    .meta({ ...about });
const flag = (preset: boolean, about: About) =>
  z
    .boolean()
    .default(preset)
    .meta({ ...about });
const choice = <const T extends readonly string[]>(of: T, preset: T[number], about: About) =>
  z
    .enum(of)
    .default(preset as never)
    .meta({ ...about });
const text = (max: number, preset: string, about: About) =>
  z
    .string()
    .max(max)
    .default(preset)
    .meta({ ...about });
/** DNS-SD instance names hold 63 octets (RFC 6763 section 4.1.1); control characters can't be shown. */
const name = (preset: string, about: About) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(63)
    .refine(
      (value) => new TextEncoder().encode(value).length <= 63,
      'must be at most 63 octets of UTF-8',
    )
    .refine((value) => !/\p{Cc}/u.test(value), 'must not contain control characters')
    .default(preset)
    .meta({ ...about });

const DEVICE = /^(din|usb|file):.+$/;
const devices = (about: About) =>
  z
    .union([
      z.literal('auto'),
      z.array(z.string().max(256).regex(DEVICE, 'must be din:PATH, usb:NAME or file:PATH')).max(16),
    ])
    .default('auto')
    .meta({ ...about });

const passes = (what: string) => flag(true, { description: `let ${what} through` });
const cap = (preset: number, what: string) =>
  whole(0, 10_000, preset, {
    description: `most ${what} to let through (0: no limit)`,
    unit: 'events/s',
  });

const SCHEMA = z.strictObject({
  version: z.literal(SETTINGS_VERSION).default(SETTINGS_VERSION),
  box: z
    .strictObject({
      name: name('togthr', { description: 'what others see this box as', flag: 'name' }),
      instrument: text(63, '', { description: 'what is played on it', flag: 'instrument' }),
    })
    .prefault({}),
  session: z
    .strictObject({
      name: name('Jam', {
        description: 'name of a session that this box creates',
        flag: 'session',
      }),
      autoRejoin: flag(true, {
        description: 'join the last session again after starting',
        flag: 'auto-rejoin',
      }),
    })
    .prefault({}),
  midi: z
    .strictObject({
      inputs: devices({ description: 'MIDI inputs to play from', flag: 'midi-in' }),
      outputs: devices({ description: 'MIDI outputs to be heard on', flag: 'midi-out' }),
      thru: flag(false, {
        description: 'send what is played here to the outputs too',
        flag: 'thru',
      }),
      pass: z
        .strictObject({
          notes: passes('notes'),
          polyPressure: passes('polyphonic key pressure'),
          controlChange: passes('control changes'),
          programChange: passes('program changes'),
          channelPressure: passes('channel pressure'),
          pitchBend: passes('pitch bends'),
          sysEx: passes('system exclusive messages'),
          timeCode: passes('MIDI time code'),
          song: passes('song position, song select and tune request'),
          transport: passes('start, continue and stop'),
          clock: passes('timing clock'),
          activeSensing: flag(false, { description: 'let active sensing through' }),
        } satisfies Record<MidiType, z.ZodType>)
        .prefault({}),
      maxPerSecond: z
        .strictObject({
          polyPressure: cap(500, 'polyphonic key pressure'),
          controlChange: cap(1_000, 'control changes'),
          channelPressure: cap(500, 'channel pressure'),
          pitchBend: cap(500, 'pitch bends'),
          sysEx: cap(50, 'system exclusive messages'),
        } satisfies Record<CappedMidiType, z.ZodType>)
        .prefault({}),
      clockOut: choice(['off', 'follow', 'session'], 'follow', {
        description:
          'MIDI clock at the outputs: none, regenerated from a remote player who sends one, or the metronome of the session',
        flag: 'clock-out',
      }),
      timeCodeOut: choice(['off', 'follow'], 'follow', {
        description: 'MIDI time code at the outputs: none, or regenerated from a remote player',
        flag: 'time-code-out',
      }),
      clockDelayMs: whole(0, 500, 0, {
        description:
          'how far to stay behind a clock that is followed (0: as far as that player’s notes)',
        unit: 'ms',
      }),
      clockIn: choice(['off', 'lead'], 'off', {
        description:
          'MIDI clock at the inputs: of no consequence to the session, or it sets its tempo, starts and stops it',
        flag: 'clock-in',
      }),
      click: z
        .strictObject({
          mode: choice(['off', 'countIn', 'on'], 'off', {
            description: 'metronome at the outputs: never, to count in, or as long as a song plays',
            flag: 'click',
          }),
          channel: whole(1, 16, 10, { description: 'MIDI channel of the click' }),
          key: whole(0, 127, 77, { description: 'key of the click (77: GM low wood block)' }),
          accentKey: whole(0, 127, 76, {
            description: 'key of the first beat of a bar (76: GM high wood block)',
          }),
          velocity: whole(1, 127, 100, { description: 'how loud the click is' }),
        })
        .prefault({}),
      countInBars: whole(0, 4, 0, {
        description: 'to count in before a song that is started here',
        unit: 'bars',
        flag: 'count-in',
      }),
    })
    .prefault({}),
  rtp: z
    .strictObject({
      port: whole(0, 65_534, 5004, {
        description: 'UDP port of RTP-MIDI; the next one is used too (0: any free pair)',
        flag: 'rtp-port',
      }),
      accept: choice(['anyone', 'subnet', 'nobody'], 'subnet', {
        description:
          'whose RTP-MIDI invitations to accept; anyone opens sessions beyond this network, too (there is no encryption)',
        flag: 'accept',
      }),
      remember: flag(true, {
        description: 'invite again after a restart the RTP-MIDI peers it was connected with',
        flag: 'remember',
      }),
      redundancy: whole(0, 2, 1, {
        description:
          'how often to send each packet again, to other boxes only: losses are made up for sooner',
        flag: 'redundancy',
      }),
    })
    .prefault({}),
  link: z
    .strictObject({
      port: whole(0, 65_535, 5006, {
        description: 'TCP port where other boxes join (0: any free one)',
        flag: 'link-port',
      }),
      security: choice(['encrypted', 'open'], 'encrypted', {
        description:
          'links with other boxes: encrypted and proven; or open, for diagnosis on a network that you trust',
        flag: 'link-security',
      }),
    })
    .prefault({}),
  control: z
    .strictObject({
      server: text(300, '', {
        description: 'control plane for playing over the internet, like https://jam.example.org',
        flag: 'control-server',
      }),
      certificate: text(95, '', {
        description: 'SHA-256 of its certificate, when no authority vouches for it',
        flag: 'control-certificate',
      }),
    })
    .prefault({}),
  jam: z
    .strictObject({
      mode: choice(JAM_MODES as readonly [JamMode, ...JamMode[]], 'auto', {
        description: 'how remote players are put in time',
        flag: 'mode',
      }),
      delay: choice(['adaptive', 'fixed'], 'adaptive', {
        description:
          'how long after its performance a remote event sounds: by the jitter, or fixed',
        flag: 'delay',
      }),
      fixedDelayMs: whole(0, 500, 10, {
        description: 'that delay when it is fixed (0: everything on arrival)',
        unit: 'ms',
        flag: 'fixed-delay',
      }),
      lateLimitMs: whole(10, 5_000, 500, {
        description: 'drop what would sound later than this, but for note ends',
        unit: 'ms',
        flag: 'late-limit',
      }),
      reorderHoldMs: whole(0, 200, 5, {
        description: 'how long to wait for a packet that was overtaken before repairing its loss',
        unit: 'ms',
        flag: 'reorder-hold',
      }),
      predictionPercent: whole(0, 100, 100, {
        description: 'how much is played before it arrives (0: nothing)',
        unit: '%',
        flag: 'prediction',
      }),
      quantizePercent: whole(0, 100, 0, {
        description: 'how far remote notes are moved to the beat (0: as they were played)',
        unit: '%',
        flag: 'quantize',
      }),
      grooveBars: whole(1, 8, 1, {
        description: 'how many bars later Groove plays',
        unit: 'bars',
        flag: 'groove-bars',
      }),
      carryOn: flag(true, {
        description: 'let the others carry on your part for a while when your link is gone',
        flag: 'carry-on',
      }),
      carryOnBars: whole(0, 8, 2, {
        description: 'how long players whose link is gone are carried on here (0: not at all)',
        unit: 'bars',
        flag: 'carry-on-bars',
      }),
      balance: flag(true, {
        description: 'make players of the same role equally loud',
        flag: 'balance',
      }),
    })
    .prefault({}),
  panel: z
    .strictObject({
      brightness: whole(1, 100, 80, {
        description: 'of the display',
        unit: '%',
        flag: 'brightness',
      }),
      dimAfterSeconds: whole(0, 86_400, 60, {
        description: 'dim the display when nothing happens for so long (0: never)',
        unit: 's',
        flag: 'dim-after',
      }),
      blankAfterSeconds: whole(0, 86_400, 300, {
        description: 'switch the display off when nothing happens for so long (0: never)',
        unit: 's',
        flag: 'blank-after',
      }),
    })
    .prefault({}),
  status: z
    .strictObject({
      enabled: flag(true, {
        description: 'serve a status page, /healthz and /metrics',
        flag: 'status',
      }),
      port: whole(0, 65_535, 9464, {
        description: 'TCP port of the status page (0: any free one)',
        flag: 'status-port',
      }),
      address: text(255, '127.0.0.1', {
        description: 'address to serve it on; there is no password',
        flag: 'status-address',
      }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: choice(['debug', 'info', 'warn', 'error', 'silent'], 'info', {
        description: 'how much to log',
        flag: 'log-level',
      }),
    })
    .prefault({}),
  dataDir: text(4_096, '', {
    description: 'folder for identity, documents and captures (empty: the usual place)',
    flag: 'data-dir',
  }),
}) satisfies z.ZodType<Settings>;

export interface SettingsIssue {
  /** Dotted, like `rtp.port`; an unknown key with its full path. */
  readonly key: string;
  readonly kind: 'unknown' | 'bad';
  /** Continues "KEY ...", like "must be ...". Empty for unknown keys. */
  readonly message: string;
}

/** Checks a whole nested document, filling in defaults. */
export function checkSettings(
  document: unknown,
): { readonly settings: Settings } | { readonly issues: readonly SettingsIssue[] } {
  const checked = SCHEMA.safeParse(document);
  if (checked.success) return { settings: checked.data };
  return { issues: checked.error.issues.flatMap(toIssues) };
}

/** The schema as JSON Schema: for tools, and for the table of facts (setting-facts.ts). */
export function settingsJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(SCHEMA, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}

function toIssues(issue: z.core.$ZodIssue): readonly SettingsIssue[] {
  const at = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      key: at === '' ? key : `${at}.${key}`,
      kind: 'unknown' as const,
      message: '',
    }));
  return [{ key: at, kind: 'bad', message: issue.message }];
}

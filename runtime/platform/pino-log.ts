/**
 * The Log over pino: JSON lines, or readable ones where a person watches.
 *
 * Takes  messages with fields, from lanes 1 to 4.
 * Gives  lines on a file descriptor, written by the thread pool, and the most recent ones to the status page.
 * Keeps  a ring of recent lines, and at most 1 MiB that the reader has not taken; beyond that lines are dropped and
 *        counted, so that a stuck terminal stops nothing.
 */
import { pino, stdSerializers } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Log, LogFields } from '../core/log.ts';
import type { WallTime } from '../core/time.ts';

export interface PinoLog extends Log, AsyncDisposable {
  /** Oldest first, already redacted. */
  recent(): readonly LogLine[];
  /** Lines that nobody took in time. */
  readonly dropped: number;
}

export interface LogLine {
  readonly at: WallTime;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export interface PinoLogInit {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Default: stderr. */
  readonly fd?: number;
  /** Default: when the descriptor is a terminal. */
  readonly pretty?: boolean;
  /** How many lines to remember. */
  readonly ring?: number;
}

const STDERR = 2;
const RING = 200;
const MOST_UNTAKEN = 1 << 20;
const FLUSH_PATIENCE_MS = 1_000;

/** Names of fields that must not be read by anyone, at any of the first three depths. */
const SECRETS: readonly string[] = [
  'password',
  'passphrase',
  'secret',
  'secretKey',
  'privateKey',
  'fileKey',
  'joinCode',
  'token',
  'credential',
  'credentials',
  'authorization',
];

const LEVELS: Readonly<Record<number, LogLine['level']>> = {
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
};

export function openPinoLog(init: PinoLogInit): PinoLog {
  const fd = init.fd ?? STDERR;
  const pretty = init.pretty ?? (fd === STDERR && process.stderr.isTTY === true);
  const size = init.ring ?? RING;
  const ring: string[] = [];
  let next = 0;
  let dropped = 0;

  // With minLength 0 its flush would not wait for what is being written (sonic-boom 4.2).
  const file = pino.destination({ fd, sync: false, minLength: 1, maxLength: MOST_UNTAKEN });
  file.on('drop', () => dropped++);
  // A closed pipe or a full disk must not stop the music; what could not be written is in the ring.
  file.on('error', () => dropped++);
  const seen = pretty
    ? PinoPretty({ destination: file, colorize: colours(), ignore: 'pid,hostname' })
    : file;
  const remember = {
    write(line: string): void {
      ring[next % size] = line;
      next++;
    },
  };

  const logger = pino(
    {
      level: init.level,
      base: {},
      redact: {
        paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[hidden]',
      },
      formatters: { log: withPlainErrors },
    },
    pino.multistream([
      { level: 'debug', stream: remember },
      { level: 'debug', stream: seen },
    ]),
  );

  return {
    ...toLog(logger),
    recent: () => {
      const oldest = Math.max(0, next - size);
      const lines: LogLine[] = [];
      for (let at = oldest; at < next; at++) {
        const line = ring[at % size];
        if (line !== undefined) lines.push(parseLine(line));
      }
      return lines;
    },
    get dropped() {
      return dropped;
    },
    [Symbol.asyncDispose]: () => flush(file),
  };
}

function flush(file: ReturnType<typeof pino.destination>): Promise<void> {
  return new Promise((resolve) => {
    // A terminal that was stopped with Ctrl-S would keep us forever.
    const patience = setTimeout(resolve, FLUSH_PATIENCE_MS);
    const done = (): void => {
      clearTimeout(patience);
      resolve();
    };
    // Its error is that the file was closed from outside: nothing can be written any more.
    file.flush(done);
  });
}

function toLog(logger: pino.Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields) => toLog(logger.child(withPlainErrors(fields))),
  };
}

/** JSON shows an Error as {}; we want its message, code and stack, whatever the field is called. */
function withPlainErrors(fields: LogFields): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    plain[name] = value instanceof Error ? stdSerializers.err(value) : value;
  return plain;
}

function parseLine(line: string): LogLine {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  return {
    at: Number(time) as WallTime,
    level: LEVELS[Number(level)] ?? 'info',
    message: String(msg ?? ''),
    fields,
  };
}

function colours(): boolean {
  return process.stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
}

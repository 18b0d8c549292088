/** Facts that go with a message. Never a secret, never a whole packet. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log, a dependency like any other. Not for lane 0: the hot path counts, and keeps a ring. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with `fields` added to every line. */
  child(fields: LogFields): Log;
}

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

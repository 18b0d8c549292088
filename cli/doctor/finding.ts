/** What a check of `togthr doctor` found. */
export interface Finding {
  /** Short and stable, for scripts: `node`, `rtp-port`. */
  readonly check: string;
  /** `warn`: a box runs, but without something. `fail`: it does not run, or loses something. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do; undefined when all is well. */
  readonly remedy: string | undefined;
}

export const ok = (check: string, detail: string): Finding => ({
  check,
  status: 'ok',
  detail,
  remedy: undefined,
});

export const warn = (check: string, detail: string, remedy: string): Finding => ({
  check,
  status: 'warn',
  detail,
  remedy,
});

export const fail = (check: string, detail: string, remedy: string): Finding => ({
  check,
  status: 'fail',
  detail,
  remedy,
});

export function reasonOf(failure: unknown): string {
  if (failure instanceof Error && 'code' in failure) return String(failure.code);
  return failure instanceof Error ? (failure.message.split('\n')[0] ?? '') : String(failure);
}

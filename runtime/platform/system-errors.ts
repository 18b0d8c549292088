import { PortError, type PortErrorCode } from '../core/errors.ts';

/** What Node and the operating system call it, and what our ports call it. */
const CODES: Readonly<Record<string, PortErrorCode>> = {
  EADDRINUSE: 'busy',
  EBUSY: 'busy',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EMFILE: 'full',
  ENFILE: 'full',
  ECONNRESET: 'disconnected',
  EPIPE: 'disconnected',
  ERR_SOCKET_BAD_PORT: 'invalid',
  ERR_INVALID_ARG_TYPE: 'invalid',
};

const REMEDIES: Readonly<Record<PortErrorCode, string>> = {
  closed: 'it was closed by us',
  disconnected: 'the other end went away; try again',
  busy: 'another program holds it; stop that program or choose another',
  unavailable: 'it does not exist or does not answer; check the name and the network',
  denied: 'the system refused; check permissions or choose another',
  invalid: 'check the value',
  full: 'no room is left; free some',
};

/** The system's own code of an error, `EADDRINUSE` for example. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The PortError for a failed call; codes that we have no name for mean that the thing is not there. */
export function portErrorFrom(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const system = systemCode(error);
  const code = CODES[system ?? ''] ?? 'unavailable';
  const detail = system ?? (error instanceof Error ? error.message : String(error));
  return new PortError(code, `${doing} failed (${detail}): ${REMEDIES[code]}`, { cause: error });
}

/** Node takes some ports modulo 65536 without a word. */
export function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  throw new PortError('invalid', `port ${port} is not a whole number between 0 and 65535`);
}

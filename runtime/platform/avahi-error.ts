import { PortError, type PortErrorCode } from '../core/errors.ts';

/** What avahi and the bus call it (avahi-common/error.c), and what our ports do. */
export function avahiError(error: unknown, member: string): PortError {
  const name =
    typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : '';
  let code: PortErrorCode = 'unavailable';
  if (name.endsWith('CollisionError')) code = 'busy';
  else if (/NotPermittedError|NotSupportedError|AccessDenied/.test(name)) code = 'denied';
  else if (/Invalid[A-Za-z]*$/.test(name)) code = 'invalid';
  else if (/TooMany[A-Za-z]*$/.test(name)) code = 'full';
  return new PortError(code, `avahi refused ${member} (${name})`, { cause: error });
}

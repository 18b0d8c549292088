/**
 * How well the box that runs here knows its session's time: it says so on its status page, and nobody else can know.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Settings } from '../../runtime/settings/settings.ts';
import { type Finding, ok, reasonOf, warn } from './finding.ts';

const PATIENCE_MS = 2_000;
/** More than a click may be off before players hear two of them. */
const AUDIBLE_US = 10_000;
const HOW =
  'start togthr run, join a session, and look at its status page, or run doctor beside it';

const STATUS = z.object({
  name: z.string(),
  session: z
    .object({
      name: z.string(),
      time: z.object({ words: z.string(), uncertainty: z.number().optional() }).optional(),
    })
    .optional(),
});

export async function checkSessionTime({ status }: Settings): Promise<Finding> {
  const check = 'session-time';
  const unknown = (why: string): Finding => ok(check, `not known now: ${why}; ${HOW}`);
  if (!status.enabled || status.port === 0) return unknown('the status page has no fixed port');
  const host = isIP(status.address) === 6 ? `[${status.address}]` : status.address;
  let answer: unknown;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    answer = await (await fetch(`http://${host}:${status.port}/status.json`, { signal })).json();
  } catch (failure) {
    const reason =
      failure instanceof Error ? reasonOf(failure.cause ?? failure) : reasonOf(failure);
    return unknown(`no box answers at ${host}:${status.port} (${reason})`);
  }
  const { data } = STATUS.safeParse(answer);
  if (!data) return unknown(`what answers at ${host}:${status.port} is no box`);
  if (!data.session?.time)
    return ok(check, `not known now: ${data.name} is in no session; join one`);
  const { words, uncertainty = 0 } = data.session.time;
  const detail = `in ${data.session.name}: ${words}`;
  if (uncertainty <= AUDIBLE_US) return ok(check, detail);
  return warn(
    check,
    detail,
    'use a cable, or a network with less jitter; it gets better in the first minute',
  );
}

/**
 * Checks of the machine: Node, clock, timers, priority, disk.
 */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { raiseThreadPriority } from '../../runtime/platform/sched-fifo.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

const OLDEST_NODE = [20, 19] as const;

export function checkNode(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least, leastMinor] = OLDEST_NODE;
  if (major > least || (major === least && minor >= leastMinor)) return ok('node', version);
  return fail('node', `${version} is too old`, `install Node ${OLDEST_NODE.join('.')} or newer`);
}

const CLOCK_READS = 20_000;
const COARSE_CLOCK_US = 100;

/** The smallest step that the monotonic clock takes. */
export function checkClock(): Finding {
  let least = Number.POSITIVE_INFINITY;
  let last = process.hrtime.bigint();
  for (let read = 0; read < CLOCK_READS; read++) {
    const now = process.hrtime.bigint();
    if (now > last) least = Math.min(least, Number(now - last) / 1_000);
    last = now;
  }
  const step = `steps of ${least.toFixed(2)} us`;
  if (least <= COARSE_CLOCK_US) return ok('clock', step);
  return warn('clock', step, 'choose a finer clock source in the kernel (tsc, arch_sys_counter)');
}

const TIMER_PROBES = 60;
const TIMER_MS = 3;
const LATE_MS = 15;

/** How late a plain timer is: what everything but the MIDI outputs has to live with. */
export async function checkTimers(): Promise<Finding> {
  const late: number[] = [];
  for (let probe = 0; probe < TIMER_PROBES; probe++) {
    const before = performance.now();
    await sleep(TIMER_MS);
    late.push(performance.now() - before - TIMER_MS);
  }
  late.sort((a, b) => a - b);
  const at = (share: number): number => late[Math.floor(share * (late.length - 1))] ?? 0;
  const figures = `timers late by ${at(0.5).toFixed(1)} ms p50, ${at(0.98).toFixed(1)} ms p98`;
  if (at(0.98) <= LATE_MS) return ok('timers', figures);
  return warn('timers', figures, 'the machine is busy: stop other programs while playing');
}

/**
 * Whether the thread that waits for MIDI deadlines may have real-time priority: takes it for this thread, so it comes
 * last.
 */
export function checkPriority(): Finding {
  const { priority, reason } = raiseThreadPriority('realtime');
  if (priority === 'realtime') return ok('realtime', 'granted');
  if (process.platform !== 'linux') return warn('realtime', 'only on Linux', LEAVES_LATE);
  return warn(
    'realtime',
    `not granted: ${LEAVES_LATE} (${reason?.split(';')[0] ?? 'no reason given'})`,
    `add "@audio - rtprio 70" to /etc/security/limits.d/audio.conf, join the group audio and log in again; or: sudo setcap cap_sys_nice+ep ${process.execPath}`,
  );
}
const LEAVES_LATE = 'MIDI may leave some ms late under load';

const SCARCE_BYTES = 500e6;
const TOO_FEW_BYTES = 20e6;

/** Whether the data folder, or what it would be made in, can be written and has room. */
export async function checkDataFolder(folder: string): Promise<Finding> {
  const place = await nearestExisting(folder);
  try {
    await access(place, constants.W_OK | constants.X_OK);
    if (!(await stat(place)).isDirectory())
      return fail('data', `${place} is a file`, 'name another folder with --data-dir');
    const { bavail, bsize } = await statfs(place);
    const room = bavail * bsize;
    const detail = `${folder}, ${(room / 1e9).toFixed(1)} GB free`;
    if (room < TOO_FEW_BYTES) return fail('data', detail, 'free some disk space');
    if (room < SCARCE_BYTES) return warn('data', detail, 'free some disk space for captures');
    return ok('data', detail);
  } catch (failure) {
    return fail(
      'data',
      `${place} can't be written (${reasonOf(failure)})`,
      'change its owner or permissions, or name another folder with --data-dir',
    );
  }
}

async function nearestExisting(path: string): Promise<string> {
  let place = path;
  for (;;) {
    try {
      await stat(place);
      return place;
    } catch {
      const up = dirname(place);
      if (up === place) return place;
      place = up; // It would be made in there.
    }
  }
}

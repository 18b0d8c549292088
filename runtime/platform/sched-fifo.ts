/**
 * Real-time priority for the calling thread (Linux SCHED_FIFO), and a timer that does not dawdle.
 *
 * Gives  'realtime' when the system granted it, else 'normal' and why. Nothing else changes: no memory is locked, other
 *        threads of the process keep their policy, and threads that this one makes start as normal ones.
 */
import { createRequire } from 'node:module';

export type ThreadPriority = 'realtime' | 'normal';

export interface PriorityOutcome {
  readonly priority: ThreadPriority;
  /** Why it is normal, and what helps. */
  readonly reason: string | undefined;
}

/** linux/sched.h, linux/prctl.h. */
const SCHED_FIFO = 1;
const SCHED_RESET_ON_FORK = 0x4000_0000;
const PR_SET_TIMERSLACK = 29;
const EPERM = 1;
/** Above kernel threads for interrupts (50), below what keeps the machine alive (99). */
const PRIORITY = 60;

export function raiseThreadPriority(wanted: ThreadPriority): PriorityOutcome {
  if (process.platform !== 'linux') {
    return normal(`real-time priority is only known for Linux, not for ${process.platform}`);
  }
  try {
    // Loaded here, so that who wants normal priority on another system does not need the native module.
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const libc = koffi.load('libc.so.6');
    // Normal threads may be woken 50 us late by default, so that timers can be bundled.
    const prctl = libc.func(
      'int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)',
    );
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    if (wanted === 'normal') return normal('normal priority was asked for');
    const setScheduler = libc.func('int sched_setscheduler(int, int, int *)');
    // struct sched_param is one int. Thread 0 is the caller.
    if (setScheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, [PRIORITY]) === 0) {
      return { priority: 'realtime', reason: undefined };
    }
    if (koffi.errno() === EPERM) {
      return normal(
        `the system refuses real-time priority; allow it with "ulimit -r ${PRIORITY}", LimitRTPRIO=${PRIORITY} in the service, or CAP_SYS_NICE`,
      );
    }
    return normal(`sched_setscheduler failed with errno ${koffi.errno()}`);
  } catch (failure) {
    return normal(`real-time priority is not to be had: ${String(failure)}`);
  }
}

function normal(reason: string): PriorityOutcome {
  return { priority: 'normal', reason };
}

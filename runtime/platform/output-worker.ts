/**
 * The thread that puts MIDI on wires at the right moment (DESIGN section 4). It sleeps until the next `due` or until it is
 * woken, and serves all outputs of the process.
 *
 * Takes  orders to open outputs (messages), and messages to send (shared memory).
 * Gives  reports (shared memory), with the priority that it got as its first message.
 * Keeps  no promise longer than a turn of the loop: what blocks, blocks every output, so nothing here may.
 *        It allocates nothing once its outputs are open: a collection in this thread would make every wire wait.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { OutputRing } from './output-ring.ts';
import { openSink, type SinkOrder } from './output-sinks.ts';
import { WorkerLane } from './output-worker-lane.ts';
import { raiseThreadPriority, type ThreadPriority } from './sched-fifo.ts';
import { clockOf } from './worker-clock.ts';
import { SIGNAL, sleepWorker, type WorkerSignals } from './worker-signals.ts';

export interface WorkerInit {
  readonly signals: WorkerSignals;
  readonly origin: number;
  readonly priority: ThreadPriority;
}

/** What the main thread may ask by message. */
export type WorkerOrder =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly sink: SinkOrder;
      readonly ring: OutputRing;
      readonly byteTime: number;
    }
  | { readonly kind: 'quit' };

/** What the worker answers by message. */
export type WorkerAnswer =
  | {
      readonly kind: 'ready';
      readonly priority: ThreadPriority;
      readonly reason: string | undefined;
    }
  | { readonly kind: 'opened'; readonly id: number }
  | {
      readonly kind: 'refused';
      readonly id: number;
      readonly code: string;
      readonly message: string;
    };

/** Longest sleep in microseconds: a lost wake-up must not silence the box. */
const LONGEST = 1_000_000;

if (parentPort) serve(workerData as WorkerInit, parentPort);

function serve(init: WorkerInit, port: NonNullable<typeof parentPort>): void {
  const { signals } = init;
  const now = clockOf(init.origin);
  const answer = (message: WorkerAnswer): void => port.postMessage(message);
  answer({ kind: 'ready', ...raiseThreadPriority(init.priority) });

  let lanes: WorkerLane[] = [];
  let mailSeen = 0;
  let running = true;

  const readMail = (): void => {
    for (;;) {
      const mail = receiveMessageOnPort(port);
      if (mail === undefined) return;
      const order = mail.message as WorkerOrder;
      if (order.kind === 'quit') {
        running = false;
        continue;
      }
      const { id } = order;
      try {
        const sink = openSink(order.sink);
        // Lanes that are done go when the next is opened, so that the loop needs no bookkeeping.
        lanes = lanes.filter((lane) => !lane.done);
        lanes.push(new WorkerLane(order.ring, sink, order.byteTime, now));
        answer({ kind: 'opened', id });
      } catch (failure) {
        const { code = '', message } = failure as NodeJS.ErrnoException;
        answer({ kind: 'refused', id, code, message });
      }
    }
  };

  const { words } = signals;
  for (;;) {
    const seen = Atomics.load(words, SIGNAL.wake);
    const mail = Atomics.load(words, SIGNAL.mail);
    if (mail !== mailSeen) {
      mailSeen = mail;
      readMail();
      if (!running) return;
    }
    let next = Number.POSITIVE_INFINITY;
    for (let i = 0; i < lanes.length; i++) {
      const at = (lanes[i] as WorkerLane).turn();
      if (at < next) next = at;
    }
    const time = now();
    if (next > time) sleepWorker(signals, seen, Math.min(next, time + LONGEST), time);
  }
}

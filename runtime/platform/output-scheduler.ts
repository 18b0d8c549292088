/**
 * MIDI outputs that keep time: one worker thread, with real-time priority where the system allows it, writes to all of
 * them (output-worker.ts).
 *
 * Takes  what to write to. Gives a MidiOutput for it.
 * Keeps  the worker until disposed; outputs that are still open then are disposed with it.
 *
 * Instants are those of the main thread: `performance.now()` in microseconds.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PortError, type PortErrorCode } from '../core/errors.ts';
import { Teardown } from '../core/lifecycle.ts';
import type { Micros } from '../core/time.ts';
import type { MidiOutput } from '../ports/midi-output.ts';
import { makeOutputRing } from './output-ring.ts';
import type { SinkOrder } from './output-sinks.ts';
import type { WorkerAnswer, WorkerInit, WorkerOrder } from './output-worker.ts';
import type { ThreadPriority } from './sched-fifo.ts';
import { type LoopListener, ScheduledOutput } from './scheduled-output.ts';
import { monotonicOrigin } from './worker-clock.ts';
import { makeWorkerSignals, SIGNAL, type WorkerSignals, wakeWorker } from './worker-signals.ts';

/** What an output writes to. */
export type OutputSink = OutputPlace & {
  /** For people; default: the path, the port's name, or "loop". */
  readonly name?: string;
  /** How long the wire takes for an octet, when it is slower than what is written to. 320 us on a DIN cable. */
  readonly byteTime?: Micros;
  /** Messages that wait at most, a power of two. Default 256 on a paced wire, which is its late limit; else 1024. */
  readonly capacity?: number;
};

type OutputPlace =
  /** A tty, a pty or a FIFO (which somebody must read). */
  | { readonly kind: 'file'; readonly path: string }
  /** A MIDI port of the operating system, by its name. */
  | { readonly kind: 'usb'; readonly portName: string }
  /** A wire that ends in this process: bytes come back here when they have left. */
  | { readonly kind: 'loop'; readonly onMessage: LoopListener };

export interface OutputScheduler extends AsyncDisposable {
  readonly priority: ThreadPriority;
  /** Why the priority is normal and what helps; undefined when it is real-time. */
  readonly priorityReason: string | undefined;
  /** Rejects with PortError: 'unavailable', 'denied', 'busy' or 'closed'. */
  open(sink: OutputSink): Promise<MidiOutput>;
}

const PACED_SLOTS = 256;
const SLOTS = 1_024;
/** Milliseconds between two looks for reports: they say when a message left, so it does not matter when they come. */
const LOOK = 4;

/** Rejects with PortError 'unavailable' when there is no compiled worker. */
export async function openOutputScheduler(
  init: { readonly priority?: ThreadPriority } = {},
): Promise<OutputScheduler> {
  const signals = makeWorkerSignals();
  const wanted = init.priority ?? 'realtime';
  const workerData: WorkerInit = { signals, origin: monotonicOrigin(), priority: wanted };
  const worker = new Worker(workerFile(), { workerData, name: 'midi-output' });
  const ready = await new Promise<Extract<WorkerAnswer, { kind: 'ready' }>>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return new WorkerScheduler(worker, signals, ready.priority, ready.reason);
}

class WorkerScheduler implements OutputScheduler {
  readonly priority: ThreadPriority;
  readonly priorityReason: string | undefined;
  readonly #worker: Worker;
  readonly #signals: WorkerSignals;
  readonly #exited: Promise<void>;
  readonly #opening = new Map<number, (answer: WorkerAnswer | undefined) => void>();
  #outputs: readonly ScheduledOutput[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #opened = 0;
  #state: 'open' | 'closing' | 'gone' = 'open';
  #closed: Promise<void> | undefined;

  constructor(
    worker: Worker,
    signals: WorkerSignals,
    priority: ThreadPriority,
    reason: string | undefined,
  ) {
    this.#worker = worker;
    this.#signals = signals;
    this.priority = priority;
    this.priorityReason = reason;
    worker.on('message', (answer: WorkerAnswer) => this.#answered(answer));
    // A fault of ours: the outputs learn of it by the exit that follows, the process as of any other.
    worker.on('error', (fault) => {
      throw fault;
    });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#gone();
        resolve();
      });
    });
  }

  async open(sink: OutputSink): Promise<MidiOutput> {
    if (this.#state !== 'open') throw new PortError('closed', 'the output scheduler is closed');
    const byteTime = sink.byteTime ?? 0;
    const ring = makeOutputRing(sink.capacity ?? (byteTime > 0 ? PACED_SLOTS : SLOTS));
    const id = this.#opened++;
    const answer = await new Promise<WorkerAnswer | undefined>((resolve) => {
      this.#opening.set(id, resolve);
      this.#order({ kind: 'open', id, sink: orderOf(sink), ring, byteTime });
    });
    if (answer === undefined) throw new PortError('closed', 'the output scheduler has ended');
    if (answer.kind === 'refused') throw refusal(sink, answer.code, answer.message);
    const loop = sink.kind === 'loop' ? sink.onMessage : undefined;
    const output = new ScheduledOutput(nameOf(sink), ring, (due) => this.#wake(due), loop);
    this.#outputs = [...this.#outputs, output];
    return output;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= (async () => {
      const held = new Teardown();
      held.defer(async () => {
        this.#order({ kind: 'quit' });
        await this.#exited;
      });
      for (const output of this.#outputs) held.hold(output);
      if (this.#state === 'open') this.#state = 'closing';
      await held[Symbol.asyncDispose]();
    })();
    return this.#closed;
  }

  /** Looks for reports, and again in a while as long as some are owed. */
  readonly #look = (): void => {
    this.#looking = false;
    this.#collect();
    for (const output of this.#outputs) {
      if (!output.expectsReports) continue;
      this.#lookLater();
      return;
    }
  };

  #lookLater(): void {
    if (this.#looking) return;
    this.#looking = true;
    if (this.#timer === undefined) this.#timer = setTimeout(this.#look, LOOK);
    else this.#timer.refresh();
  }

  #collect(): void {
    let anyGone = false;
    for (const output of this.#outputs) anyGone = output.collect() || anyGone;
    if (anyGone) this.#outputs = this.#outputs.filter((output) => !output.collect());
  }

  #answered(answer: WorkerAnswer): void {
    if (answer.kind === 'ready') return;
    this.#opening.get(answer.id)?.(answer);
    this.#opening.delete(answer.id);
  }

  /** The thread has ended. */
  #gone(): void {
    this.#collect();
    this.#state = 'gone';
    for (const output of this.#outputs) output.lose();
    this.#outputs = [];
    for (const resolve of this.#opening.values()) resolve(undefined);
    this.#opening.clear();
    clearTimeout(this.#timer);
  }

  #order(order: WorkerOrder): void {
    this.#worker.postMessage(order);
    Atomics.add(this.#signals.words, SIGNAL.mail, 1);
    wakeWorker(this.#signals, Number.NEGATIVE_INFINITY);
  }

  #wake(due: number): void {
    wakeWorker(this.#signals, due);
    this.#lookLater();
  }
}

/** The compiled worker: beside this file, or in build/ when this is the source. */
function workerFile(): URL {
  const source = import.meta.url.endsWith('.ts');
  const file = source
    ? new URL('../../build/runtime/platform/output-worker.js', import.meta.url)
    : new URL('./output-worker.js', import.meta.url);
  if (!fs.existsSync(file)) {
    throw new PortError(
      'unavailable',
      `there is no ${fileURLToPath(file)}: run "npx tsc -b" once, for threads run compiled code only`,
    );
  }
  return file;
}

function orderOf(sink: OutputPlace): SinkOrder {
  switch (sink.kind) {
    case 'file':
      return { kind: 'file', path: sink.path };
    case 'usb':
      return { kind: 'usb', portName: sink.portName };
    case 'loop':
      return { kind: 'loop' };
  }
}

function nameOf(sink: OutputSink): string {
  if (sink.name !== undefined) return sink.name;
  if (sink.kind === 'file') return sink.path;
  return sink.kind === 'usb' ? sink.portName : 'loop';
}

const CODES: Readonly<Record<string, PortErrorCode>> = {
  EACCES: 'denied',
  EPERM: 'denied',
  EBUSY: 'busy',
};

function refusal(sink: OutputPlace, code: string, message: string): PortError {
  if (sink.kind !== 'file') return new PortError(CODES[code] ?? 'unavailable', message);
  const { path } = sink;
  switch (code) {
    case 'ENOENT':
      return new PortError('unavailable', `there is no ${path}: is the device plugged in?`);
    case 'ENXIO':
      return new PortError('unavailable', `nobody reads ${path}: start the reader first`);
    case 'EACCES':
    case 'EPERM':
      return new PortError(
        'denied',
        `no permission to write to ${path}: add yourself to the group that owns it (often dialout)`,
      );
    default:
      return new PortError(CODES[code] ?? 'unavailable', `${path} can't be opened: ${message}`);
  }
}

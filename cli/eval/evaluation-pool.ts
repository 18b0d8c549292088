/**
 * Evaluates tasks, some at a time: here, or in as many processes as asked for.
 *
 * Takes  tasks in order. Gives results as they are done, in any order. A task that fails ends it all, in words.
 * Keeps  its processes for as long as there is work; an abort ends them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Models } from '../../runtime/prediction/predictor/models.ts';
import { CommandError } from '../failure.ts';
import {
  type EvaluationTask,
  openTaskRunner,
  type TaskResult,
  type TaskRunner,
} from './evaluation-task.ts';
import type { WorkerAnswer, WorkerTask } from './evaluation-worker.ts';

export interface PoolInit {
  /** 1: everything is done in this process. */
  readonly jobs: number;
  readonly modelsFolder: string;
  readonly signal: AbortSignal;
}

export interface PoolDeps {
  /** For what is done in this process. */
  readonly models: Models;
  readonly onResult: (result: TaskResult) => void;
}

export async function evaluateTasks(
  tasks: readonly EvaluationTask[],
  { models, onResult }: PoolDeps,
  init: PoolInit,
): Promise<void> {
  const queue = tasks[Symbol.iterator]();
  const take = (): EvaluationTask | undefined => {
    init.signal.throwIfAborted();
    const next = queue.next();
    return next.done ? undefined : next.value;
  };
  if (init.jobs === 1) {
    const run = openTaskRunner({ models });
    for (let task = take(); task; task = take()) onResult(await runHere(task, run));
    return;
  }
  const ended = new AbortController();
  const signal = AbortSignal.any([init.signal, ended.signal]);
  const lanes = Array.from({ length: Math.min(init.jobs, tasks.length) }, () =>
    runProcess(take, onResult, init.modelsFolder, signal),
  );
  try {
    await Promise.all(lanes);
  } finally {
    ended.abort();
    await Promise.allSettled(lanes);
  }
}

async function runHere(task: EvaluationTask, run: TaskRunner): Promise<TaskResult> {
  try {
    return await run(task);
  } catch (failure) {
    throw explain(task, failure instanceof Error ? failure.message : String(failure), failure);
  }
}

function explain(task: EvaluationTask, reason: string, cause?: unknown): CommandError {
  return new CommandError(
    `${task.id} over ${task.profile} could not be evaluated (${reason}); check the files of --data`,
    { cause },
  );
}

function runProcess(
  take: () => EvaluationTask | undefined,
  onResult: (result: TaskResult) => void,
  modelsFolder: string,
  signal: AbortSignal,
): Promise<void> {
  const child: ChildProcess = fork(workerFile(), [modelsFolder], { serialization: 'advanced' });
  let current: EvaluationTask | undefined;
  return new Promise<void>((resolve, reject) => {
    const end = (failure?: unknown): void => {
      signal.removeEventListener('abort', abort);
      if (failure === undefined) resolve();
      else reject(failure);
    };
    const abort = (): void => {
      child.kill('SIGTERM');
      end(signal.reason);
    };
    const next = (): void => {
      try {
        current = take();
      } catch (failure) {
        child.kill('SIGTERM');
        end(failure);
        return;
      }
      if (current) child.send({ task: current } satisfies WorkerTask);
      else child.disconnect();
    };
    child.on('message', (answer: WorkerAnswer) => {
      if (answer.kind === 'failed') {
        child.kill('SIGTERM');
        end(current ? explain(current, answer.reason) : new Error(answer.reason));
        return;
      }
      onResult(answer.result);
      next();
    });
    child.once('error', end);
    child.once('exit', (code) => {
      if (current === undefined && code === 0) end();
      else
        end(
          new CommandError(
            `a process that evaluates ended by itself (status ${code}); --jobs 1 may say why`,
          ),
        );
    });
    signal.addEventListener('abort', abort, { once: true });
    next();
  });
}

function workerFile(): string {
  const name = import.meta.url.endsWith('.ts')
    ? './evaluation-worker.ts'
    : './evaluation-worker.js';
  return fileURLToPath(new URL(name, import.meta.url));
}

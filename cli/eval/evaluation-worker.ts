/**
 * A process that evaluates one task after another for evaluation-pool.ts; its argument is the folder of the models.
 */
import { silentLog } from '../../runtime/core/log.ts';
import { loadProgramModels } from '../prediction-models.ts';
import { type EvaluationTask, openTaskRunner, type TaskResult } from './evaluation-task.ts';

export interface WorkerTask {
  readonly task: EvaluationTask;
}

export type WorkerAnswer =
  | { readonly kind: 'done'; readonly result: TaskResult }
  | { readonly kind: 'failed'; readonly reason: string };

const runner = loadProgramModels({ log: silentLog }, { folder: process.argv[2] ?? '' }).then(
  (models) => openTaskRunner({ models }),
);

process.on('message', ({ task }: WorkerTask) => {
  void evaluate(task).then((answer) => process.send?.(answer));
});
// Ctrl-C reaches the whole group: the one that asked decides when to end.
process.on('SIGINT', () => {});

async function evaluate(task: EvaluationTask): Promise<WorkerAnswer> {
  try {
    return { kind: 'done', result: await (await runner)(task) };
  } catch (failure) {
    return { kind: 'failed', reason: failure instanceof Error ? failure.message : String(failure) };
  }
}

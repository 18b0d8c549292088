/**
 * `togthr eval prediction`: every piece of a split over every network, as `togthr render` would play it, and the score.
 */
import { silentLog } from '../../runtime/core/log.ts';
import { modelsFolder } from '../../runtime/platform/program-models.ts';
import type { ProfileName } from '../../sim/network/profiles.ts';
import { CommandError, UsageError } from '../failure.ts';
import { loadProgramModels } from '../prediction-models.ts';
import { note, print, printJson } from '../terminal.ts';
import { DATASET_NAMES, datasetsIn, listPieces } from './datasets/catalogue.ts';
import type { DatasetName, PieceSource, Split } from './datasets/piece.ts';
import { evaluateTasks } from './evaluation-pool.ts';
import type { EvaluationSettings, EvaluationTask, TaskResult } from './evaluation-task.ts';
import { writePlots } from './plots/error-plots.ts';
import { openProgress } from './progress.ts';
import { formatBaselines, formatRemarks, formatScores, toJson } from './report.ts';
import { summarise } from './summary.ts';

export interface PredictionEvaluation {
  readonly data: string;
  readonly profiles: readonly ProfileName[];
  /** Empty: all that the folder has. */
  readonly sets: readonly DatasetName[];
  readonly split: Split;
  /** Pieces of each set. */
  readonly limit: number | undefined;
  readonly jobs: number;
  readonly modelsFolder: string | undefined;
  readonly json: boolean;
  readonly plots: string | undefined;
  readonly settings: EvaluationSettings;
}

export async function evaluatePrediction(
  options: PredictionEvaluation,
  signal: AbortSignal,
): Promise<void> {
  const { profiles, settings } = options;
  const pieces = choosePieces(options);
  const tasks = profiles.flatMap((profile) =>
    pieces.map(
      ({ id, set }): EvaluationTask => ({ data: options.data, set, id, profile, settings }),
    ),
  );
  const folder = options.modelsFolder ?? modelsFolder();
  await using models = await loadProgramModels({ log: silentLog }, { folder });
  for (const state of [models.drums, models.pitched]) {
    if (state.kind === 'fault') note(state.fault);
  }
  const results: TaskResult[] = [];
  {
    using progress = openProgress(tasks.length);
    const onResult = (result: TaskResult): void => {
      results.push(result);
      progress.advance(`${result.profile} ${result.id}`);
    };
    const init = { jobs: options.jobs, modelsFolder: folder, signal };
    await evaluateTasks(tasks, { models, onResult }, init);
  }
  // Whoever was quicker: the same order every time.
  const order = new Map(tasks.map(({ id, profile }, index) => [`${profile} ${id}`, index]));
  const rank = ({ id, profile }: TaskResult): number => order.get(`${profile} ${id}`) ?? 0;
  results.sort((a, b) => rank(a) - rank(b));
  const rows = summarise(results);
  const plots = options.plots === undefined ? [] : writePlots(options.plots, rows);
  if (options.json) printJson(toJson(rows, results));
  else {
    print(formatScores(rows));
    print();
    if (settings.baselines) print(`${formatBaselines(rows)}\n`);
    for (const line of formatRemarks(results)) print(line);
    for (const path of plots) print(`plot: ${path}`);
  }
  const broken = results.filter(({ violations }) => violations.length > 0).length;
  if (broken > 0) {
    throw new CommandError(`rules were broken in ${broken} of ${results.length} renderings`);
  }
}

function choosePieces({ data, sets, split, limit }: PredictionEvaluation): readonly PieceSource[] {
  const there = datasetsIn(data);
  const missing = sets.find((set) => !there.includes(set));
  if (missing) throw new UsageError(`--set ${missing}: ${data} has no folder of that name`);
  if (there.length === 0) {
    throw new UsageError(
      `--data ${data}: none of the sets is in it; they are ${DATASET_NAMES.join(', ')}`,
    );
  }
  const wanted = sets.length > 0 ? sets : there;
  const pieces = wanted.flatMap((set) =>
    spread(
      listPieces(data, set).filter((piece) => piece.split === split),
      limit,
    ),
  );
  if (pieces.length > 0) return pieces;
  throw new UsageError(`no pieces of ${wanted.join(', ')} are in the split ${split}; see --split`);
}

/** At most `limit` of them, evenly spread. */
function spread<T>(all: readonly T[], limit: number = all.length): readonly T[] {
  if (limit >= all.length) return all;
  return Array.from({ length: limit }, (_, index) => index).flatMap((index) => {
    const one = all[Math.floor(((index + 0.5) * all.length) / limit)];
    return one === undefined ? [] : [one];
  });
}

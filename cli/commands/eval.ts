/**
 * `togthr eval`: our own benchmarks, over data that is not in this repository.
 */
import { existsSync, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { JAM_MODES, type JamMode } from '../../runtime/core/ensemble.ts';
import { PROFILE_NAMES } from '../../sim/network/profiles.ts';
import { DATASET_NAMES } from '../eval/datasets/catalogue.ts';
import type { Split } from '../eval/datasets/piece.ts';
import type { PredictionEvaluation } from '../eval/evaluate-prediction.ts';
import { UsageError } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { oneOf, positiveNumber, wholeNumber } from '../option-values.ts';

export type EvaluatePrediction = (
  options: PredictionEvaluation,
  signal: AbortSignal,
) => Promise<void>;

interface Typed {
  readonly data: string;
  readonly network?: readonly string[];
  readonly set?: readonly string[];
  readonly split: Split;
  readonly mode: JamMode;
  readonly click: boolean;
  readonly context: boolean;
  readonly baselines: boolean;
  readonly causality?: true;
  readonly limit?: number;
  readonly seconds?: number;
  readonly jobs: number;
  readonly models?: string;
  readonly json?: true;
  readonly plots?: string;
}

const MEASURED = PROFILE_NAMES.filter((name) => name !== 'perfect' && name !== 'hostile');
const SPLITS: readonly Split[] = ['train', 'dev', 'kept'];
const MOST_JOBS = 64;

export function registerEval(program: Command, evaluatePrediction: EvaluatePrediction): void {
  const command = program
    .command('eval')
    .description('measure how well the box does what it does, over a folder of data');
  command
    .command('prediction')
    .description('remote players over bad networks: what is heard in time, beside the baselines')
    .requiredOption('--data <folder>', `with a subfolder for each set: ${DATASET_NAMES.join(', ')}`)
    .option(
      '--network <profile>',
      `over that network; may be repeated, all for all (default: xcountry)`,
      repeated('--network', ['all', ...PROFILE_NAMES]),
    )
    .option(
      '--set <name>',
      'only that set; may be repeated (default: all that the folder has)',
      repeated('--set', DATASET_NAMES),
    )
    .addOption(
      new Option(
        '--split <split>',
        'which pieces: learnt from, tuned on, or kept for the last word',
      )
        .choices(SPLITS)
        .default('dev'),
    )
    .addOption(new Option('--mode <mode>', 'how to play').choices(JAM_MODES).default('auto'))
    .option('--no-click', 'nobody hears a click: the beat must be found')
    .option('--no-context', 'each player is predicted without knowing what the others play')
    .option('--no-baselines', 'only what ships')
    .option(
      '--causality',
      'check that nothing depends on what arrives later (three to five times as long)',
    )
    .option(
      '--limit <number>',
      'at most so many pieces of each set, spread over it',
      wholeNumber('--limit', 1, 1_000_000),
    )
    .option(
      '--seconds <number>',
      'only the beginning of every piece',
      positiveNumber('--seconds', 86_400, 'seconds'),
    )
    .option('--jobs <number>', 'processes at a time', wholeNumber('--jobs', 1, MOST_JOBS), 1)
    .option('--models <folder>', 'other models than those that came with the program')
    .option('--json', 'print as JSON, with every part')
    .option('--plots <folder>', 'write distributions of errors there, as SVG')
    .addHelpText('after', HELP)
    .action(async (typed: Typed) => {
      checkFolder(typed.data);
      await interruptible((signal) => evaluatePrediction(toOptions(typed), signal));
    });
}

const HELP: string = `
Figures per 100 notes; medians over parts, "worst" is the worst decile. w20: heard within 20 ms of the performance.
"false" with ! is above the budget of the role: 5 for drums and bass, 3 for harmony and melody.
The two bounds beside it: "as it comes" plays what arrives on arrival; "notes known" knows every note, but not when.`;

function toOptions(typed: Typed): PredictionEvaluation {
  const { network = ['xcountry'], set = [] } = typed;
  const profiles = network.includes('all') ? MEASURED : network;
  return {
    data: typed.data,
    profiles: PROFILE_NAMES.filter((name) => profiles.includes(name)),
    sets: DATASET_NAMES.filter((name) => set.includes(name)),
    split: typed.split,
    limit: typed.limit,
    jobs: typed.jobs,
    modelsFolder: typed.models,
    json: typed.json ?? false,
    plots: typed.plots,
    settings: {
      mode: typed.mode,
      click: typed.click,
      context: typed.context,
      baselines: typed.baselines,
      causality: typed.causality ?? false,
      seconds: typed.seconds,
    },
  };
}

function repeated(
  option: string,
  words: readonly string[],
): (text: string, before?: readonly string[]) => readonly string[] {
  const check = oneOf(option, words);
  return (text, before = []) => [...before, check(text)];
}

function checkFolder(path: string): void {
  if (!(existsSync(path) && statSync(path).isDirectory())) {
    throw new UsageError(`--data ${path}: there is no such folder; name the one with the sets`);
  }
}

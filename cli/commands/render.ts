/**
 * `togthr render`: an arrivals file in, a heard file out. The formats are a contract; docs beside `--help`.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { JAM_MODES, type JamMode } from '../../runtime/core/ensemble.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { openPartPredictors } from '../../runtime/prediction/predictor/models-part-predictors.ts';
import { ArrivalsRenderer, BadArrivals } from '../arrivals-renderer.ts';
import { CommandError, UsageError } from '../failure.ts';
import { loadProgramModels } from '../prediction-models.ts';

interface RenderOptions {
  readonly arrivals: string;
  readonly heard: string;
  readonly mode: JamMode;
  readonly agent?: string;
}

export function registerRender(program: Command): void {
  program
    .command('render')
    .description(
      'what a listener hears of remote players: their arrivals through the engine of a box',
    )
    .requiredOption('--arrivals <file>', 'what arrived and when (JSON lines, ordered by arrival)')
    .requiredOption('--heard <file>', 'where to write what is heard (JSON lines, ordered by time)')
    .addOption(
      new Option('--mode <mode>', 'how to play; auto chooses for each player')
        .choices(JAM_MODES)
        .default('auto'),
    )
    .option('--agent <file>', 'a personal model of a player')
    .addHelpText('after', HELP)
    .action(async (options: RenderOptions) => render(options));
}

const HELP: string = `
Arrivals, times in seconds on the session clock:
  {"type":"header","version":1,"click":{"origin":0.5,"bpm":120,"beatsPerBar":4},"roles":{"p1":"rhythm"}}
  {"type":"tempo","arrival":30.0,"time":30.5,"bpm":124,"beat":61}
  {"type":"midi","peer":"p1","time":12.345,"arrival":12.405,"bytes":"99244c","recovered":false}
Heard:
  {"peer":"p1","time":12.421,"bytes":"99244c","cause":"received"}
A file that can't be used is reported with its line number, and exit status 2.`;

async function render(options: RenderOptions): Promise<void> {
  // Base models in place of a player's own would be heard, and scored, as something they are not.
  if (options.agent !== undefined) {
    throw new UsageError(
      'this build predicts by its base models and takes no --agent; leave it out',
    );
  }
  const target = await openTarget(options.heard);
  try {
    await pipeline(heardLines(options), createWriteStream(target.path));
    await target.keep();
  } catch (failure) {
    await target.discard();
    throw explain(failure, options);
  }
}

async function* heardLines({ arrivals, mode }: RenderOptions): AsyncGenerator<string> {
  await using models = await loadProgramModels({ log: silentLog });
  for (const model of [models.drums, models.pitched]) {
    if (model.kind === 'fault') process.stderr.write(`${model.fault}\n`);
  }
  const renderer = new ArrivalsRenderer({
    mode,
    predictors: ({ lane }) => openPartPredictors({ lane, models }),
  });
  const input = createReadStream(arrivals, 'utf8');
  // Opened here: readline would swallow the error of a file that isn't there.
  await new Promise<void>((resolve, reject) => {
    input.once('open', () => resolve());
    input.once('error', reject);
  });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    for (const heard of await renderer.push(line)) yield `${heard}\n`;
  }
  for (const heard of await renderer.end()) yield `${heard}\n`;
}

interface Target {
  readonly path: string;
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** Beside the file until it is whole, so that a bad input leaves what was there; a pipe or device directly. */
async function openTarget(path: string): Promise<Target> {
  const known = await stat(path).catch(() => undefined);
  if (known && !known.isFile() && !known.isDirectory()) {
    return { path, keep: async () => {}, discard: async () => {} };
  }
  if (known?.isDirectory()) throw new UsageError(`--heard ${path} is a folder; name a file`);
  const part = `${path}.part-${process.pid}`;
  return {
    path: part,
    keep: () => rename(part, path),
    discard: () => rm(part, { force: true }),
  };
}

function explain(failure: unknown, options: RenderOptions): unknown {
  if (failure instanceof BadArrivals) {
    return new UsageError(`${options.arrivals} ${failure.message}`, { cause: failure });
  }
  if (!(failure instanceof Error && 'code' in failure)) return failure;
  const { code } = failure;
  if (!('path' in failure)) return failure;
  if (failure.path === options.arrivals) {
    return new UsageError(`can't read ${options.arrivals} (${code}); check --arrivals`, {
      cause: failure,
    });
  }
  return new CommandError(`can't write ${options.heard} (${code}); check --heard`, {
    cause: failure,
  });
}

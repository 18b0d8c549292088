/**
 * `togthr sim`: boxes without hardware, on a network as bad as one likes, in a browser or headless.
 */
import { type Command, Option } from 'commander';
import type { PlayAssignment, SimBoxResult, SimOptions, SimResult } from '../../sim/app/options.ts';
import { PROFILE_NAMES } from '../../sim/network/profiles.ts';
import { CommandError, UsageError } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { oneOf, positiveNumber, wholeNumber } from '../option-values.ts';
import { addSettingsOptions, loadSettings } from '../settings-options.ts';
import { type Cell, formatTable, note, print, printJson } from '../terminal.ts';

export type RunSimulator = (options: SimOptions, signal: AbortSignal) => Promise<SimResult>;

const MOST_BOXES = 8;
const MOST_SEED = 0xffff_ffff;
const A_DAY = 86_400;

interface Typed {
  readonly boxes: number;
  readonly port: number;
  readonly profile: string;
  readonly seed: number;
  readonly play?: readonly PlayAssignment[];
  readonly piece?: string;
  readonly loop?: true;
  readonly headless?: true;
  readonly seconds?: number;
  readonly json?: true;
  readonly processes?: true;
  readonly strangers?: true;
  readonly join?: boolean;
}

export function registerSim(program: Command, runSimulator: RunSimulator): void {
  const command = program
    .command('sim')
    .description('simulate boxes: each a device in your browser, on a network of your choice')
    .addOption(
      new Option('--boxes <number>', `how many, 1 to ${MOST_BOXES}`)
        .default(2)
        .argParser(wholeNumber('--boxes', 1, MOST_BOXES)),
    )
    .addOption(
      new Option('--port <number>', 'of the page on localhost (0: any free one)')
        .default(8080)
        .argParser(wholeNumber('--port', 0, 65_535)),
    )
    .addOption(
      new Option('--profile <name>', `the network between them: ${PROFILE_NAMES.join(', ')}`)
        .default('wifi')
        .argParser(oneOf('--profile', PROFILE_NAMES)),
    )
    .addOption(
      new Option('--seed <number>', 'makes chance repeatable')
        .default(1)
        .argParser(wholeNumber('--seed', 0, MOST_SEED)),
    );
  addPlayOptions(command)
    .option('--piece <name>', 'play a bundled piece, each part on a box of its own')
    .option('--loop', 'from the beginning again at the end')
    .option('--headless', 'no page: play, then print how it went')
    .addOption(
      new Option('--seconds <number>', 'end after so long').argParser(
        positiveNumber('--seconds', A_DAY, 's'),
      ),
    )
    .option('--json', 'print how it went as JSON')
    .option('--processes', 'each box in a process of its own')
    .option(
      '--strangers',
      'the boxes do not know each other: joining takes the code that the host shows',
    )
    .option('--join', 'the others join the session of box 1 by themselves')
    .addOption(new Option('--no-join', 'nobody joins by itself').hideHelp());
  addSettingsOptions(command, ['jam', 'midi.pass', 'link.security', 'log']).action(
    async (typed: Typed) => {
      const { settings, warnings } = await loadSettings(command);
      for (const warning of warnings) note(`togthr: warning: ${warning}`);
      if (typed.strangers && (typed.join ?? typed.headless)) {
        throw new UsageError(
          '--strangers: nobody is there to enter codes when the boxes join by themselves; join by hand, in the page',
        );
      }
      const options: SimOptions = {
        boxes: typed.boxes,
        port: typed.port,
        profile: typed.profile,
        seed: typed.seed,
        play: checkBoxes(typed.play ?? [], typed.boxes),
        piece: typed.piece,
        loop: typed.loop === true,
        headless: typed.headless === true,
        seconds: typed.seconds,
        json: typed.json === true,
        processes: typed.processes === true,
        strangers: typed.strangers === true,
        join: typed.join ?? typed.headless === true,
        settings,
      };
      await interruptible(async (signal) => report(await runSimulator(options, signal), options));
    },
  );
}

/** `--play A.mid --box 1 --play B.mid --box 2`: each --box belongs to the --play before it. */
function addPlayOptions(command: Command): Command {
  const play: PlayAssignment[] = [];
  return command
    .addOption(
      new Option(
        '--play <file>',
        'a MIDI file to play, each track on a box of its own; may be repeated',
      ).argParser((file: string) => {
        play.push({ file, box: undefined });
        return play;
      }),
    )
    .addOption(
      new Option('--box <number>', 'which box plays the --play before it').argParser(
        (text: string) => {
          const box = wholeNumber('--box', 1, MOST_BOXES)(text);
          const last = play.pop();
          if (last === undefined || last.box !== undefined)
            throw new UsageError(`--box ${text}: must follow a --play FILE that it belongs to`);
          play.push({ ...last, box });
          return box;
        },
      ),
    );
}

function checkBoxes(play: readonly PlayAssignment[], boxes: number): readonly PlayAssignment[] {
  for (const { box } of play)
    if (box !== undefined && box > boxes)
      throw new UsageError(`--box ${box}: there are ${boxes} boxes; add --boxes ${box}`);
  return play;
}

function report(result: SimResult, options: SimOptions): void {
  if (options.json) printJson(result);
  else if (options.headless || result.boxes.some((box) => box.expected > 0)) {
    print(`${result.profile}, seed ${result.seed}, ${result.seconds.toFixed(1)} s`);
    print(formatTable(COLUMNS, result.boxes.map(rowOf)));
  }
  const stuck = result.boxes.reduce((sum, box) => sum + box.stuck, 0);
  if (stuck > 0)
    throw new CommandError(
      `${stuck} notes were left sounding; this is a bug of ours, please report it with --profile ${result.profile} --seed ${result.seed}`,
    );
}

const RIGHT = { align: 'right' } as const;
const COLUMNS = [
  { title: 'box' },
  { title: 'played', ...RIGHT },
  { title: 'to hear', ...RIGHT },
  { title: 'heard', ...RIGHT },
  { title: 'delay p50 ms', ...RIGHT },
  { title: 'p95 ms', ...RIGHT },
  { title: 'jitter ms', ...RIGHT },
  { title: 'recovered', ...RIGHT },
  { title: 'late', ...RIGHT },
  { title: 'dropped', ...RIGHT },
  { title: 'ghosts', ...RIGHT },
  { title: 'stuck', ...RIGHT },
];

function rowOf(box: SimBoxResult): readonly Cell[] {
  return [
    `${box.box} ${box.name}`,
    box.played,
    box.expected,
    box.heard,
    box.delayP50?.toFixed(1),
    box.delayP95?.toFixed(1),
    box.jitter?.toFixed(1),
    box.recovered,
    box.late,
    box.dropped,
    box.ghosts,
    box.stuck,
  ];
}

/**
 * `togthr sim`: a band of boxes on this machine, over real UDP on loopback with a seeded bad network between them.
 *
 * Takes  SimOptions, and a signal to end.
 * Gives  the page's server unless it is headless, music if asked for, and a SimResult at the end.
 * Keeps  the boxes; each is shut down in order, so that nothing is left sounding.
 */
import { PortError } from '../../runtime/core/errors.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { fromSeconds, type Instant } from '../../runtime/core/time.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openOutputScheduler } from '../../runtime/platform/output-scheduler.ts';
import { openPinoLog } from '../../runtime/platform/pino-log.ts';
import { openProgramModels } from '../../runtime/platform/program-models.ts';
import type { Settings } from '../../runtime/settings/settings.ts';
import { isProfileName } from '../network/profiles.ts';
import { openVirtualDiscovery } from '../virtual-discovery.ts';
import { openLocalMember } from './local-member.ts';
import type { SimOptions, SimResult } from './options.ts';
import { pause } from './pause.ts';
import { PieceLibrary } from './pieces.ts';
import { openRemoteMember } from './processes/remote-member.ts';
import { openSimulatorServer } from './server.ts';
import { openSimulatedBand, type SimulatedBand } from './simulated-band.ts';

/** Clocks exchange a few samples before the music begins. */
const COUNT_IN = fromSeconds(2);
/** The longest way of any profile, repairs included: nothing is still to be heard after it. */
const DRAIN = fromSeconds(2.5);

export async function runSimulator(
  options: SimOptions,
  version: string,
  signal: AbortSignal,
): Promise<SimResult> {
  await using held = new Teardown();
  const { profile } = options;
  if (!isProfileName(profile)) throw new PortError('invalid', `there is no profile ${profile}`);
  const library = new PieceLibrary();
  library.addBundled();
  for (const { file } of options.play) library.addFile(file);
  const music = chooseMusic(options, library);

  const clock = openMonotonicClock();
  const settings = quieter(options.settings);
  const log = held.hold(openPinoLog({ level: settings.log.level }));
  const scheduler = held.hold(await openOutputScheduler());
  const registry = openVirtualDiscovery({ clock });
  const discovery = registry.at('127.0.0.1');
  const models = held.hold(await openProgramModels({ log }));
  const shared = {
    clock,
    log,
    scheduler,
    discovery,
    models,
    song: (piece: string) => library.song(piece),
  };
  const band: SimulatedBand = held.hold(
    await openSimulatedBand(
      {
        clock,
        library,
        version,
        openMember: (index, origin) => {
          const { boxes, seed, strangers } = options;
          const start = { index, version, profile, boxes, seed, strangers, settings };
          if (!options.processes) return openLocalMember(shared, { ...start, origin });
          const files = options.play.map(({ file }) => file);
          const absolute = origin + performance.timeOrigin * 1_000;
          return openRemoteMember(discovery, { ...start, origin: absolute, files }, () =>
            band.now(),
          );
        },
      },
      options,
    ),
  );
  const out = options.json ? process.stderr : process.stdout;
  if (!options.headless) {
    const server = held.hold(
      await openSimulatorServer({ host: band, log }, { port: options.port }),
    );
    out.write(`${options.boxes} boxes: open ${server.url} in a browser. Ctrl-C ends the jam.\n`);
  }

  const begun = clock.now();
  try {
    if (options.join) {
      await band.gather(signal);
      await pause(clock, COUNT_IN, signal);
    }
    const length = startMusic(band, options, library, music);
    if (options.headless) out.write(`Playing ${nameOf(music)} through ${profile}.\n`);
    await ending(options, begun, length);
  } catch (failure) {
    if (!signal.aborted) throw failure; // being interrupted is a way to end, with what was heard so far
  }
  band.stopTogether();
  await pause(clock, DRAIN);
  return {
    profile: band.profile,
    seed: options.seed,
    seconds: (clock.now() - begun) / 1e6,
    boxes: band.results(),
  };

  async function ending(asked: SimOptions, since: Instant, length: number): Promise<void> {
    const total = asked.seconds ?? (asked.headless && !asked.loop ? length : undefined);
    if (total === undefined) {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      return;
    }
    const passed = asked.seconds === undefined ? 0 : (clock.now() - since) / 1e6;
    await pause(clock, fromSeconds(Math.max(0, total - passed)), signal);
  }
}

/** What boxes tell in passing would drown what the simulator tells. */
function quieter(settings: Settings): Settings {
  return settings.log.level === 'info' ? { ...settings, log: { level: 'warn' } } : settings;
}

/** What is played: files on boxes, or a piece on all. */
type Music =
  | { readonly kind: 'piece'; readonly piece: string }
  | { readonly kind: 'files'; readonly files: SimOptions['play'] }
  | undefined;

function chooseMusic(options: SimOptions, library: PieceLibrary): Music {
  if (options.play.length > 0) return { kind: 'files', files: options.play };
  const ids = library.pieces.map(({ id }) => id);
  if (options.piece !== undefined) {
    if (library.song(options.piece)) return { kind: 'piece', piece: options.piece };
    throw new PortError(
      'invalid',
      `there is no piece ${options.piece}; there are: ${ids.join(', ')}`,
    );
  }
  const first = ids[0];
  if (!options.headless || first === undefined) return undefined;
  return { kind: 'piece', piece: first };
}

/** Starts it, and says how many seconds it lasts. */
function startMusic(
  band: SimulatedBand,
  options: SimOptions,
  library: PieceLibrary,
  music: Music,
): number {
  if (!music) return 0;
  // A bounded run is filled with music to its end.
  const loop = options.loop || options.seconds !== undefined;
  if (music.kind === 'piece') {
    band.playTogether(music.piece, loop);
    return (library.song(music.piece)?.duration ?? 0) / 1e6;
  }
  let longest = 0;
  const at = band.now() + 300;
  for (const { file, box } of music.files) {
    const song = library.song(file);
    if (!song) continue;
    longest = Math.max(longest, song.duration / 1e6);
    const tracks = [...song.tracks.keys()];
    if (box === undefined) band.share(file, tracks, loop);
    else band.members[box - 1]?.playAt(file, tracks, loop, at);
  }
  return longest;
}

function nameOf(music: Music): string {
  if (!music) return 'nothing';
  return music.kind === 'piece' ? music.piece : music.files.map(({ file }) => file).join(', ');
}

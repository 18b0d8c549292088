/**
 * `togthr run`: a box on this machine, with whatever hardware it has.
 */
import type { Command } from 'commander';
import type { Settings } from '../../runtime/settings/settings.ts';
import type { ResolvedSetting } from '../../runtime/settings/settings-resolution.ts';
import { UsageError } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { type PeerTarget, parseRunPeer } from '../rtp-peer.ts';
import type { RunOptions, RunStart } from '../run-options.ts';
import {
  addSettingsOptions,
  dataFolder,
  type LoadedSettings,
  loadSettings,
} from '../settings-options.ts';
import { formatTable, print, printJson } from '../terminal.ts';
import { projectVersion } from '../version.ts';

export type RunBox = (
  settings: Settings,
  options: RunOptions,
  signal: AbortSignal,
) => Promise<void>;

interface Typed {
  readonly create?: true;
  readonly join?: string | true;
  readonly alone?: true;
  readonly connect?: readonly PeerTarget[];
  readonly printSettings?: true;
  readonly json?: true;
}

export function registerRun(program: Command, runBox: RunBox): void {
  const command = program
    .command('run')
    .description('run a box on this machine, with whatever MIDI ports it has')
    .option('--create', 'create a session at once')
    .option(
      '--join [session]',
      'join a session as soon as it is found: its name, or the link of an invitation (togthr:// or https://); any, if none is given. On first contact, the code that the host shows is read from the terminal (or from stdin)',
    )
    .option('--alone', 'join no session by itself')
    .option(
      '--connect <peer>',
      'invite this RTP-MIDI (AppleMIDI) peer, a computer or an instrument: HOST:PORT, or the name it announces; may be repeated',
      (text: string, before: readonly PeerTarget[] = []) => [...before, parseRunPeer(text)],
    )
    .option('--print-settings', 'print the settings in force and where each comes from, then end')
    .option('--json', 'with --print-settings: as JSON');
  addSettingsOptions(command).action(async (typed: Typed) => {
    const start = startOf(typed);
    const loaded = await loadSettings(command);
    if (typed.printSettings) {
      printSettings(loaded, typed.json === true);
      return;
    }
    if (typed.json)
      throw new UsageError('--json goes with --print-settings; see togthr run --help');
    const options: RunOptions = {
      version: projectVersion(),
      dataFolder: dataFolder(loaded.settings),
      settingsFile: loaded.file,
      warnings: loaded.warnings,
      start,
      connect: typed.connect ?? [],
    };
    await interruptible((signal) => runBox(loaded.settings, options, signal));
  });
}

function startOf({ create, join, alone }: Typed): RunStart {
  const asked = [create, join, alone].filter((one) => one !== undefined);
  if (asked.length > 1)
    throw new UsageError('--create, --join and --alone exclude one another; give one');
  if (create) return { kind: 'create' };
  if (alone) return { kind: 'alone' };
  if (join === undefined) return { kind: 'rejoin' };
  if (join !== true && isInvitation(join)) return { kind: 'invited', link: join };
  return { kind: 'join', name: join === true ? undefined : join };
}

/** A session's name has no scheme: what has one is a link, whole or not. */
const isInvitation = (text: string): boolean => /^(togthr(\+http)?|https?):\/\//i.test(text);

function printSettings({ each, file, warnings }: LoadedSettings, json: boolean): void {
  if (json) {
    printJson({
      file: file.path,
      warnings,
      settings: each.map(({ fact, value, source, where }) => ({
        key: fact.key,
        value,
        source,
        where,
        unit: fact.unit,
        variable: fact.variable,
        flag: fact.flag === undefined ? undefined : `--${fact.flag}`,
        description: fact.description,
      })),
    });
    return;
  }
  for (const warning of warnings) print(`warning: ${warning}`);
  print(`settings file: ${file.path}`);
  const columns = [
    { title: 'setting' },
    { title: 'value' },
    { title: 'unit' },
    { title: 'from' },
    { title: 'what it is' },
  ];
  print(formatTable(columns, each.map(rowOf)));
}

function rowOf({ fact, value, source, where }: ResolvedSetting): readonly string[] {
  const shown = Array.isArray(value) ? value.join(', ') : String(value);
  return [fact.key, shown, fact.unit ?? '', where === '' ? source : where, fact.description];
}

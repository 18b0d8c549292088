/**
 * Flags made from the settings schema, for commands that run boxes.
 *
 * Takes  a command, and what was typed for it.
 * Gives  Settings with flags over environment over file over defaults, and where each value came from.
 */
import { type Command, Option } from 'commander';
import {
  openSettingsFile,
  type SettingsFile,
  usualFolders,
} from '../runtime/platform/settings-file.ts';
import { readEnvironmentSettings } from '../runtime/settings/environment-settings.ts';
import { nearestWord } from '../runtime/settings/nearest-word.ts';
import { listSettingFacts, type SettingFact } from '../runtime/settings/setting-facts.ts';
import type { Settings } from '../runtime/settings/settings.ts';
import {
  parseSettingText,
  type ResolvedSetting,
  resolveSettings,
  type SettingEntry,
} from '../runtime/settings/settings-resolution.ts';
import { UsageError } from './failure.ts';

export interface LoadedSettings {
  readonly settings: Settings;
  readonly each: readonly ResolvedSetting[];
  readonly file: SettingsFile;
  /** For the log and the panel. */
  readonly warnings: readonly string[];
}

const HEADING = 'Settings (also in the settings file, or as TOGTHR_... variables):';

/** Adds --settings, --set and a flag for each setting that has one; `sections` limits them (`jam`, `log`). */
export function addSettingsOptions(command: Command, sections?: readonly string[]): Command {
  command.optionsGroup(HEADING);
  command.option('--settings <file>', 'settings file to read instead of the usual one');
  command.addOption(
    new Option('--set <key=value>', 'any setting by its key, like midi.pass.clock=false').argParser(
      (word: string, before: readonly string[] | undefined) => [...(before ?? []), word],
    ),
  );
  for (const fact of listSettingFacts()) {
    if (sections && !sections.some((section) => `${fact.key}.`.startsWith(`${section}.`))) continue;
    for (const option of optionsOf(fact)) command.addOption(option);
  }
  return command;
}

/** Reads file and environment and puts them under the flags of `command`. Throws PortError('invalid') or UsageError. */
export async function loadSettings(
  command: Command,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<LoadedSettings> {
  const typed = command.opts<Record<string, unknown>>();
  const named = typed['settings'] ?? nonEmpty(environment['TOGTHR_SETTINGS']);
  const file = await openSettingsFile(
    typeof named === 'string'
      ? { path: named, required: true }
      : { path: usualFolders().settingsFile },
  );
  const fromEnvironment = readEnvironmentSettings(environment);
  const { settings, each } = resolveSettings([
    ...file.entries,
    ...fromEnvironment.entries,
    ...flagEntries(command, typed),
  ]);
  return { settings, each, file, warnings: [...file.warnings, ...fromEnvironment.warnings] };
}

/** The folder for the box's data. */
export function dataFolder(settings: Settings): string {
  return settings.dataDir === '' ? usualFolders().data : settings.dataDir;
}

function optionsOf(fact: SettingFact): readonly Option[] {
  const { flag, shape } = fact;
  if (flag === undefined) return [];
  const hints = hintsOf(fact);
  const about = fact.description + (hints === '' ? '' : ` (${hints})`);
  switch (shape.kind) {
    case 'flag':
      // Help shows the one that changes something.
      return [
        new Option(`--${flag}`, about).hideHelp(fact.preset === true),
        new Option(`--no-${flag}`, `do not ${fact.description}`).hideHelp(fact.preset === false),
      ];
    case 'list':
      return [
        new Option(`--${flag} <device>`, `${about}; may be repeated`).argParser(
          (word: string, before: readonly string[] | undefined) => [...(before ?? []), word],
        ),
      ];
    case 'number':
      return [new Option(`--${flag} <number>`, about)];
    case 'choice':
      return [new Option(`--${flag} <${shape.choices.join('|')}>`, about)];
    case 'text':
      return [new Option(`--${flag} <text>`, about)];
  }
}

/** "0 to 100 %, default: 80". */
function hintsOf({ shape, unit, preset }: SettingFact): string {
  const hints: string[] = [];
  if (shape.kind === 'number') hints.push(`${shape.min} to ${shape.max}${unit ? ` ${unit}` : ''}`);
  if (preset !== '') hints.push(`default: ${preset}`);
  return hints.join(', ');
}

function flagEntries(
  command: Command,
  typed: Readonly<Record<string, unknown>>,
): readonly SettingEntry[] {
  const facts = listSettingFacts();
  const entries: SettingEntry[] = [];
  for (const fact of facts) {
    if (fact.flag === undefined) continue;
    const attribute = new Option(`--${fact.flag}`).attributeName();
    if (command.getOptionValueSource(attribute) !== 'cli') continue;
    const value = typed[attribute];
    const words = Array.isArray(value) ? value.join(',') : value;
    entries.push({
      key: fact.key,
      value: typeof words === 'string' ? parseSettingText(fact, words) : words,
      source: 'flag',
      where: `--${value === false ? 'no-' : ''}${fact.flag}`,
    });
  }
  const set = typed['set'];
  for (const word of Array.isArray(set) ? set : []) entries.push(parseAssignment(String(word)));
  return entries;
}

function parseAssignment(word: string): SettingEntry {
  const [, key, text] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
  if (key === undefined || text === undefined)
    throw new UsageError(`--set ${word}: must be KEY=VALUE, like midi.pass.clock=false`);
  const facts = listSettingFacts();
  const fact = facts.find((known) => known.key === key);
  if (!fact) {
    const meant = nearestWord(
      key,
      facts.map((known) => known.key),
    );
    throw new UsageError(
      `--set ${word}: unknown setting ${key}; ${meant ? `did you mean ${meant}?` : 'see togthr run --print-settings'}`,
    );
  }
  return { key, value: parseSettingText(fact, text), source: 'flag', where: `--set ${key}` };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

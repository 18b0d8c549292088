/**
 * Which value wins: flags over environment over file over defaults.
 *
 * Takes  entries from each source, with words for where each was found.
 * Gives  Settings with the source of each key, or PortError('invalid') that names the first thing to correct.
 * Keeps  nothing.
 */
import { PortError } from '../core/errors.ts';
import { nearestWord } from './nearest-word.ts';
import { describeShape, listSettingFacts, type SettingFact } from './setting-facts.ts';
import type { Settings } from './settings.ts';
import { checkSettings } from './settings-schema.ts';

export type SettingSource = 'default' | 'file' | 'environment' | 'flag';
const PRECEDENCE: readonly SettingSource[] = ['default', 'file', 'environment', 'flag'];

export interface SettingEntry {
  readonly key: string;
  readonly value: unknown;
  readonly source: SettingSource;
  /** For messages: `settings.json:12`, `--rtp-port`, `TOGTHR_RTP_PORT`. */
  readonly where: string;
}

export interface ResolvedSetting {
  readonly fact: SettingFact;
  readonly value: unknown;
  readonly source: SettingSource;
  /** Empty for defaults. */
  readonly where: string;
}

export interface ResolvedSettings {
  readonly settings: Settings;
  /** One for each key, in the schema's order. */
  readonly each: readonly ResolvedSetting[];
}

/** Each entry must be good on its own, even one that another overrides: what is wrong is found now, not on stage. */
export function resolveSettings(entries: readonly SettingEntry[]): ResolvedSettings {
  const facts = listSettingFacts();
  const complaints = entries.flatMap((entry) => complaintAbout(entry, facts) ?? []);
  const [first, ...others] = complaints;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${others.length} more to correct)`;
    throw new PortError('invalid', first + more);
  }

  const document: Branch = {};
  const winners = new Map<string, SettingEntry>();
  for (const source of PRECEDENCE)
    for (const entry of entries)
      if (entry.source === source) {
        winners.set(entry.key, entry);
        setValue(document, entry.key, entry.value);
      }
  const checked = checkSettings(document);
  if ('issues' in checked) throw new Error('settings that are good one by one are bad together');
  const { settings } = checked;
  return {
    settings,
    each: facts.map((fact) => {
      const winner = winners.get(fact.key);
      return {
        fact,
        value: valueAt(settings, fact.key),
        source: winner?.source ?? 'default',
        where: winner?.where ?? '',
      };
    }),
  };
}

/** What is wrong with one entry, in words with what to do; undefined when it is good. */
export function complaintAbout(
  entry: SettingEntry,
  facts: readonly SettingFact[],
): string | undefined {
  const fact = facts.find((known) => known.key === entry.key);
  if (!fact) return complaintAboutKey(entry, facts);
  const document: Branch = {};
  setValue(document, entry.key, entry.value);
  const checked = checkSettings(document);
  if (!('issues' in checked)) return undefined;
  const said = checked.issues[0]?.message ?? '';
  const ours = said.startsWith('must ') ? said : `must be ${describeShape(fact)}`;
  return `${entry.where}: ${fact.key} ${ours}, not ${JSON.stringify(entry.value)}${suggestChoice(fact, entry.value)}`;
}

/** A word typed in a flag or a variable, as the value that its setting takes; left as text when it is no such value. */
export function parseSettingText(fact: SettingFact, text: string): unknown {
  const { shape } = fact;
  switch (shape.kind) {
    case 'flag':
      if (/^(true|yes|on|1)$/i.test(text)) return true;
      return /^(false|no|off|0)$/i.test(text) ? false : text;
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case 'list':
      if (text.trim() === 'auto') return 'auto';
      return text
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '');
    case 'choice':
      return text.trim();
    case 'text':
      return text;
  }
}

type Branch = { [word: string]: unknown };

/** Sets `key` in a nested document. The key must be a known one. */
export function setValue(document: Branch, key: string, value: unknown): void {
  const words = key.split('.');
  const last = words.pop() ?? key;
  let branch = document;
  for (const word of words) {
    const held = Object.hasOwn(branch, word) ? branch[word] : undefined;
    const next: Branch = isBranch(held) ? held : {};
    branch[word] = next;
    branch = next;
  }
  if (value === undefined) delete branch[last];
  else branch[last] = value;
}

export function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(document: unknown, key: string): unknown {
  let value: unknown = document;
  for (const word of key.split('.')) value = isBranch(value) ? value[word] : undefined;
  return value;
}

function complaintAboutKey(entry: SettingEntry, facts: readonly SettingFact[]): string {
  const within = facts.filter((fact) => fact.key.startsWith(`${entry.key}.`));
  if (within.length > 0) {
    const words = within.map((fact) => fact.key.slice(entry.key.length + 1));
    return `${entry.where}: ${entry.key} must be a section with ${words.join(', ')}`;
  }
  const meant = nearestWord(
    entry.key,
    facts.map((fact) => fact.key),
  );
  return `${entry.where}: unknown setting ${entry.key}; ${meant ? `did you mean ${meant}?` : 'see togthr run --print-settings'}`;
}

function suggestChoice(fact: SettingFact, value: unknown): string {
  if (fact.shape.kind !== 'choice' || typeof value !== 'string') return '';
  const meant = nearestWord(value, fact.shape.choices);
  return meant ? `; did you mean ${meant}?` : '';
}

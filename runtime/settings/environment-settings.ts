/**
 * Settings from environment variables: TOGTHR_RTP_PORT=5010 and the like.
 */
import { PortError } from '../core/errors.ts';
import { nearestWord } from './nearest-word.ts';
import { listSettingFacts, VARIABLE_PREFIX } from './setting-facts.ts';
import { parseSettingText, type SettingEntry } from './settings-resolution.ts';

/** Variables of ours that are no settings. */
const OTHERS: readonly string[] = ['TOGTHR_DEBUG', 'TOGTHR_SETTINGS'];

export interface EnvironmentSettings {
  readonly entries: readonly SettingEntry[];
  readonly warnings: readonly string[];
}

/**
 * Variables that look like a misspelt one of ours are refused with PortError('invalid'). Others with our prefix
 * are only worth a warning: container systems make variables such as TOGTHR_SERVICE_HOST by themselves.
 */
export function readEnvironmentSettings(
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentSettings {
  const facts = listSettingFacts();
  const known = [...OTHERS, ...facts.map((fact) => fact.variable)];
  const entries: SettingEntry[] = [];
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || text === undefined) continue;
    if (OTHERS.includes(variable)) continue;
    const fact = facts.find((candidate) => candidate.variable === variable);
    if (fact) {
      const value = parseSettingText(fact, text);
      entries.push({ key: fact.key, value, source: 'environment', where: variable });
      continue;
    }
    const meant = nearestWord(variable.slice(VARIABLE_PREFIX.length), known.map(withoutPrefix));
    if (meant)
      throw new PortError(
        'invalid',
        `unknown environment variable ${variable}; did you mean ${VARIABLE_PREFIX}${meant}?`,
      );
    warnings.push(`the environment variable ${variable} means nothing here and is ignored`);
  }
  return { entries, warnings };
}

function withoutPrefix(variable: string): string {
  return variable.slice(VARIABLE_PREFIX.length);
}

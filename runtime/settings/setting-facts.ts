/**
 * What each setting is, one record per key: for flags, environment variables, messages and documentation.
 *
 * Takes  the schema (settings-schema.ts), by way of its JSON Schema.
 * Gives  a flat table, in the schema's order.
 * Keeps  nothing.
 */
import { settingsJsonSchema } from './settings-schema.ts';

export interface SettingFact {
  /** Dotted, like `rtp.port`. */
  readonly key: string;
  /** Like `TOGTHR_RTP_PORT`. */
  readonly variable: string;
  /** Without dashes, like `rtp-port`; undefined when there is no flag of its own. */
  readonly flag: string | undefined;
  readonly description: string;
  readonly unit: string | undefined;
  readonly preset: unknown;
  readonly shape: SettingShape;
}

type SettingShape =
  | { readonly kind: 'flag' }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'text' }
  /** `auto`, or a list of words. */
  | { readonly kind: 'list' };

export const VARIABLE_PREFIX = 'TOGTHR_';

export function listSettingFacts(): readonly SettingFact[] {
  const facts: SettingFact[] = [];
  collect(settingsJsonSchema() as JsonSchema, '', facts);
  return facts;
}

/** "a whole number from 0 to 100 %", "one of a, b": continues "must be ...". */
export function describeShape(fact: SettingFact): string {
  const { shape } = fact;
  switch (shape.kind) {
    case 'flag':
      return 'true or false';
    case 'number':
      return `a whole number from ${shape.min} to ${shape.max}${fact.unit ? ` ${fact.unit}` : ''}`;
    case 'choice':
      return `one of ${shape.choices.join(', ')}`;
    case 'text':
      return 'text';
    case 'list':
      return 'auto or a list of din:PATH, usb:NAME and file:PATH';
  }
}

/** The part of JSON Schema that our schema uses, with `unit` and `flag` added by it. */
interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly unit?: string;
  readonly flag?: string;
}

function collect(schema: JsonSchema, at: string, facts: SettingFact[]): void {
  for (const [word, part] of Object.entries(schema.properties ?? {})) {
    const key = at === '' ? word : `${at}.${word}`;
    if (part.properties) collect(part, key, facts);
    else if (key !== 'version')
      facts.push({
        key,
        variable: variableOf(key),
        flag: part.flag,
        description: part.description ?? '',
        unit: part.unit,
        preset: part.default,
        shape: shapeOf(part),
      });
  }
}

function shapeOf(part: JsonSchema): SettingShape {
  if (part.anyOf) return { kind: 'list' };
  if (part.enum) return { kind: 'choice', choices: part.enum };
  if (part.type === 'boolean') return { kind: 'flag' };
  if (part.type === 'integer')
    return { kind: 'number', min: part.minimum ?? 0, max: part.maximum ?? 0 };
  return { kind: 'text' };
}

/** `midi.maxPerSecond.sysEx` is TOGTHR_MIDI_MAX_PER_SECOND_SYS_EX. */
function variableOf(key: string): string {
  const words = key.replaceAll(/([a-z])([A-Z])/g, '$1_$2').replaceAll('.', '_');
  return VARIABLE_PREFIX + words.toUpperCase();
}

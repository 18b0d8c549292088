/**
 * Lines in a JSON text: where each key stands, and where the text stops being JSON. For messages; JSON.parse gives the
 * values, but does not always say where it gave up.
 *
 * Takes  text.
 * Gives  the line of each key of nested objects (arrays are not entered), or the line of the first error.
 * Keeps  nothing. Nesting deeper than DEEPEST counts as an error.
 */
export type JsonLines =
  | { readonly ok: true; readonly lines: ReadonlyMap<string, number> }
  | { readonly ok: false; readonly line: number };

const DEEPEST = 16;
const SPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y;

export function locateKeys(text: string): JsonLines {
  const lines = new Map<string, number>();
  let at = 0;

  const lineHere = (): number => text.slice(0, at).split('\n').length;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const next = (sign: string): boolean => {
    take(SPACE);
    if (text[at] !== sign) return false;
    at++;
    return true;
  };

  /** `within` is the key of the value; undefined inside arrays. */
  const value = (within: string | undefined, depth: number): boolean => {
    if (depth > DEEPEST) return false;
    if (next('{')) return items('}', () => member(within, depth));
    if (next('[')) return items(']', () => value(undefined, depth + 1));
    return take(STRING) !== undefined || take(SCALAR) !== undefined;
  };
  const items = (end: string, item: () => boolean): boolean => {
    if (next(end)) return true;
    do if (!item()) return false;
    while (next(','));
    return next(end);
  };
  const member = (within: string | undefined, depth: number): boolean => {
    take(SPACE);
    const line = lineHere();
    const word = take(STRING);
    if (word === undefined) return false;
    const plain = String(JSON.parse(word));
    const key = within === undefined || within === '' ? plain : `${within}.${plain}`;
    if (within !== undefined) lines.set(key, line);
    return next(':') && value(within === undefined ? undefined : key, depth + 1);
  };

  const read = value('', 0);
  take(SPACE);
  if (read && at === text.length) return { ok: true, lines };
  // At the end of a text that was cut off, its last line with something on it.
  at = Math.min(at, text.trimEnd().length);
  return { ok: false, line: lineHere() };
}

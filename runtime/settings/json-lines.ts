/**
 * Which line each key of a JSON text stands on, for messages. The text must be valid JSON; arrays are not entered.
 */
export function locateKeys(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  /** The words that lead to the object being read; undefined for an array. */
  const open: (string | undefined)[] = [];
  let line = 1;
  let word = '';
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]\n]/g;
  for (const [found, colon] of text.matchAll(token)) {
    switch (found) {
      case '\n':
        line++;
        break;
      case '{':
        open.push(word);
        break;
      case '[':
        open.push(undefined);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      default: {
        if (colon === undefined || open.includes(undefined)) break;
        word = String(JSON.parse(found.slice(0, -colon.length)));
        const key = [...open.slice(1), word].join('.');
        if (!lines.has(key)) lines.set(key, line);
        line += colon.split('\n').length - 1;
      }
    }
  }
  return lines;
}

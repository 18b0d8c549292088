/**
 * One text for each JSON value, to be signed.
 *
 * Takes a value, gives its text, or undefined for what is no JSON value or is too deep.
 * Spec: RFC 8785 (JSON Canonicalization Scheme). Numbers and strings are written as ECMAScript does, which is what the
 * RFC asks for; members are sorted by the UTF-16 units of their names.
 */
const MAX_DEPTH = 16;
/** In Unicode mode a surrogate matches only when it stands alone: then the text is no Unicode, and the RFC wants an error. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export function canonicalJson(value: unknown, depth: number = MAX_DEPTH): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    case 'string':
      return LONE_SURROGATE.test(value) ? undefined : JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      if (depth === 0) return undefined;
      return Array.isArray(value) ? arrayText(value, depth - 1) : objectText(value, depth - 1);
    default:
      return undefined;
  }
}

function arrayText(items: readonly unknown[], depth: number): string | undefined {
  const texts: string[] = [];
  // Not by map, which passes over holes.
  for (let at = 0; at < items.length; at++) {
    const text = canonicalJson(items[at], depth);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

function objectText(members: object, depth: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(members);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const texts: string[] = [];
  for (const [name, value] of Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const nameText = canonicalJson(name, depth);
    const text = canonicalJson(value, depth);
    if (nameText === undefined || text === undefined) return undefined;
    texts.push(`${nameText}:${text}`);
  }
  return `{${texts.join(',')}}`;
}

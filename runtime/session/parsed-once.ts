import type { z } from 'zod';

/**
 * What a schema makes of a value; undefined where it does not fit. The outcome is kept as long as the value is: what has
 * passed the gate is read again, and values of the documents are never changed.
 */
export function parsedOnce<T>(schema: z.ZodType<T>): (value: unknown) => T | undefined {
  const outcomes = new WeakMap<object, { readonly data: T | undefined }>();
  return (value) => {
    if (typeof value !== 'object' || value === null) return schema.safeParse(value).data;
    const known = outcomes.get(value);
    if (known) return known.data;
    const { data } = schema.safeParse(value);
    outcomes.set(value, { data });
    return data;
  };
}

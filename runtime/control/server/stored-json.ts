/** Values of the store as JSON. What can't be read any more counts as not there. */
import type { z } from 'zod';

export const toStored = (value: unknown): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(value));

export function fromStored<T>(schema: z.ZodType<T>, stored: Uint8Array): T | undefined {
  try {
    const checked = schema.safeParse(JSON.parse(new TextDecoder().decode(stored)));
    return checked.success ? checked.data : undefined;
  } catch {
    return undefined;
  }
}

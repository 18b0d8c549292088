/**
 * Whose word counts in the session: pure. FORMAT.md, "authority".
 *
 * Takes what each box has said, and who hosts. Gives what holds. The same for everybody who sees the same documents and
 * has the same boxes within reach.
 */
import type { BoxId } from '../core/ensemble.ts';
import {
  type ClockReference,
  type ControlKey,
  type ControlValues,
  HOST_ONLY,
  type Register,
  type Registers,
} from './control-values.ts';

export type ControlRegisters = ReadonlyMap<BoxId, Registers>;

/** What that box said as host counts up to the stamp at which it handed the session over. */
export interface Hosting {
  readonly box: BoxId;
  readonly until: number;
}

export interface Authority {
  /** Hosts from the first to the present one; and the one that stands in for it, if it is away. */
  readonly hosts: readonly Hosting[];
  readonly reference: ClockReference | undefined;
}

export interface Said<T> extends Register<T> {
  readonly author: BoxId;
}

/** From whoever made the session to whom it was handed over last. */
export function hostChain(
  registers: ControlRegisters,
  creator: BoxId | undefined,
): readonly Hosting[] {
  const chain: Hosting[] = [];
  let stamp = -1;
  for (let box = creator; box !== undefined; ) {
    const handed: Register<BoxId> | undefined = registers.get(box)?.host;
    // Each hand over is later than the one before it: so this ends.
    const next = handed && handed.stamp > stamp && handed.value !== box ? handed : undefined;
    chain.push({ box, until: next?.stamp ?? Number.POSITIVE_INFINITY });
    if (!next) break;
    stamp = next.stamp;
    box = next.value;
  }
  return chain;
}

/** What holds of a key that is the host's. */
export function saidByHost<Key extends ControlKey>(
  registers: ControlRegisters,
  hosts: readonly Hosting[],
  key: Key,
): Said<ControlValues[Key]> | undefined {
  return latest(
    hosts.flatMap(({ box, until }) => {
      const register = registers.get(box)?.[key];
      return register && register.stamp <= until ? [said(box, register)] : [];
    }),
  );
}

/** What holds of a key, whoever's it is. */
export function effective<Key extends ControlKey>(
  registers: ControlRegisters,
  { hosts }: Authority,
  key: Key,
): Said<ControlValues[Key]> | undefined {
  const byHost = saidByHost(registers, hosts, key);
  if ((HOST_ONLY as readonly string[]).includes(key)) return byHost;
  // What the host never spoke about is not locked.
  if (byHost && saidByHost(registers, hosts, 'locked')?.value) return byHost;
  const removed = new Set(saidByHost(registers, hosts, 'removed')?.value);
  return latest(
    [...registers].flatMap(([box, own]) => {
      const register = own[key];
      return register && !removed.has(box) ? [said(box, register)] : [];
    }),
  );
}

/**
 * Without what has a greater stamp than can be: each value raises the stamp by one at most, so there are as many values as
 * the greatest stamp says. Otherwise one box could take the last place of all, and nobody could speak after it.
 */
export function withinStamp(registers: ControlRegisters, most: number): ControlRegisters {
  const isWithin = (register: Register<unknown>): boolean => register.stamp <= most;
  if ([...registers.values()].every((own) => Object.values(own).every(isWithin))) return registers;
  return new Map(
    [...registers].map(([box, own]) => [
      box,
      Object.fromEntries(Object.entries(own).filter(([, register]) => isWithin(register))),
    ]),
  );
}

/** After all that was said by boxes that are not put out. */
export function nextStamp(registers: ControlRegisters, { hosts }: Authority, most: number): number {
  const removed = new Set(saidByHost(registers, hosts, 'removed')?.value);
  let last = 0;
  for (const [box, own] of registers) {
    if (removed.has(box)) continue;
    for (const register of Object.values(own)) last = Math.max(last, register.stamp);
  }
  return Math.min(last + 1, most);
}

const said = <Key extends ControlKey>(
  author: BoxId,
  { value, stamp }: { readonly value: ControlValues[Key]; readonly stamp: number },
): Said<ControlValues[Key]> => ({ author, value, stamp });

const latest = <T>(all: readonly Said<T>[]): Said<T> | undefined =>
  all.reduce<Said<T> | undefined>(
    (best, one) =>
      !best || one.stamp > best.stamp || (one.stamp === best.stamp && one.author > best.author)
        ? one
        : best,
    undefined,
  );

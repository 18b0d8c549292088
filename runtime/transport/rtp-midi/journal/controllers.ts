/**
 * What the journal needs to know of each controller number: which tool protects it, and what CC 121 does to it.
 *
 * Spec   RFC 6295 appendices A.3.1, A.3.2 and A.3.4; MIDI recommended practice RP-015 (Reset All Controllers).
 */

/** How Chapter C protects a controller: by its value, as a switch (value and toggle count), or by counting commands. */
export type ControllerTool = 'value' | 'switch' | 'count' | 'countAndValue';

const SWITCHES: readonly number[] = [64, 65, 66, 67, 68, 69, 122];
const COUNTED: readonly number[] = [120, 121, 123, 124, 125, 127];

const TOOLS: readonly ControllerTool[] = Array.from({ length: 128 }, (_, controller) => {
  if (SWITCHES.includes(controller)) return 'switch';
  if (COUNTED.includes(controller)) return 'count';
  return controller === 126 ? 'countAndValue' : 'value';
});

export function controllerTool(controller: number): ControllerTool {
  return TOOLS[controller] ?? 'value';
}

/** Controllers that RP-015 resets by name, and to what. The pitch wheel and pressures are reset too. */
export const RESET_VALUES: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [11, 127],
  [64, 0],
  [65, 0],
  [66, 0],
  [67, 0],
]);

/** Data entry, increment, decrement, and the numbers of registered and non-registered parameters: Chapter M's. */
export const DATA_ENTRY_MSB = 6;
export const DATA_ENTRY_LSB = 38;
export const DATA_INCREMENT = 96;
export const DATA_DECREMENT = 97;
export const NRPN_LSB = 98;
export const NRPN_MSB = 99;
export const RPN_LSB = 100;
export const RPN_MSB = 101;

/** Local Control is on unless it is switched off, so its toggle count starts at 1 (A.3.2). */
export const LOCAL_CONTROL = 122;

/** Commands with All Notes Off semantics: notes before them are not N-active (A.1). */
export function silencesNotes(controller: number): boolean {
  return controller === 120 || controller >= 123;
}

/** The other one of a pair that exclude each other (A.3.1), or -1. */
export function exclusiveWith(controller: number): number {
  switch (controller) {
    case 124:
      return 125;
    case 125:
      return 124;
    case 126:
      return 127;
    case 127:
      return 126;
    default:
      return -1;
  }
}

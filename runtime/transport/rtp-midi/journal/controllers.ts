/**
 * What the journal needs to know of each controller number: which tool protects it, which other one belongs to it, and
 * what CC 121 does to it.
 *
 * Spec   RFC 6295 appendices A.3.1, A.3.2 and A.3.4; MIDI recommended practice RP-015 (Reset All Controllers).
 */

/** How Chapter C protects a controller: by its value, as a switch (value and toggle count), or by counting commands. */
export type ControllerTool = 'value' | 'switch' | 'count';

/** Data entry, increment, decrement, and the numbers of registered and non-registered parameters: Chapter M's. */
export const DATA_ENTRY_MSB = 6;
export const DATA_ENTRY_LSB = 38;
export const DATA_INCREMENT = 96;
export const DATA_DECREMENT = 97;
export const NRPN_LSB = 98;
export const NRPN_MSB = 99;
export const RPN_LSB = 100;
export const RPN_MSB = 101;

/** Enters a value: a parameter's while one is selected, otherwise its own (A.3.4). */
export function isDataController(controller: number): boolean {
  switch (controller) {
    case DATA_ENTRY_MSB:
    case DATA_ENTRY_LSB:
    case DATA_INCREMENT:
    case DATA_DECREMENT:
      return true;
    default:
      return false;
  }
}

/** Local Control is on unless it is switched off, so its toggle count starts at 1 (A.3.2). */
export const LOCAL_CONTROL = 122;
/** How many voices the channel has (Mono Mode On): the one counted command whose value always matters. */
export const MONO_MODE = 126;

const SWITCHES: readonly number[] = [64, 65, 66, 67, 68, 69, LOCAL_CONTROL];
const COUNTED: readonly number[] = [120, 121, 123, 124, 125, MONO_MODE, 127];

const TOOLS: readonly ControllerTool[] = Array.from({ length: 128 }, (_, controller) => {
  if (SWITCHES.includes(controller)) return 'switch';
  return COUNTED.includes(controller) ? 'count' : 'value';
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

/** Commands with All Notes Off semantics: notes before them are not N-active (A.1). */
export function silencesNotes(controller: number): boolean {
  return controller === 120 || controller >= 123;
}

/** The other half of a 14-bit value, or of a pair that exclude each other (A.3.1); -1: there is none. */
export function pairedWith(controller: number): number {
  if (controller < 64) return controller ^ 32;
  return controller >= 124 ? ((controller - 124) ^ 1) + 124 : -1;
}

/** What a command is made up for with when only its count is known (A.3.3). */
export function defaultValue(controller: number): number {
  switch (controller) {
    case 7:
      return 100;
    case 8:
    case 10:
      return 64;
    case 11:
    case LOCAL_CONTROL:
      return 127;
    default:
      return 0;
  }
}

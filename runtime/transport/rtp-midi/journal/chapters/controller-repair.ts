/**
 * Chapter C, the receiver's side: which controllers did the missing packets move?
 *
 * Takes  a well-formed list of controller logs and the channel's state.
 * Gives  Control Changes that make up the difference.
 * Spec   RFC 6295 appendix A.3.2 (tools) and A.3.3 (their order); RFC 4696 section 7.3.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { CONTROLLER } from '../../../../core/midi-message.ts';
import { type ChannelState, UNKNOWN } from '../channel-state.ts';
import { channelMessage, type Repair } from '../chapter.ts';
import {
  controllerTool,
  defaultValue,
  isDataController,
  pairedWith,
  RESET_VALUES,
  silencesNotes,
} from '../controllers.ts';
import { NO_SLOT } from '../recency.ts';
import { liftDamper, mentionsKey } from './chapter-n.ts';
import {
  ABSENT,
  type ControllerLog,
  controllerListEnd,
  emptyControllerLog,
  inferredCount,
  isListed,
  readControllerLog,
} from './controller-logs.ts';
import { deselect } from './parameter-repair.ts';

const OFF = 0;
const ON = 127;
const PEDAL_ON = 64;
const DAMPER = CONTROLLER.sustain;
const RESET_ALL = CONTROLLER.resetAllControllers;
/** A count up to this far ahead is ahead; beyond, it is behind. */
const HALF_TURN = 32;

export function repairControllers(
  bytes: Uint8Array,
  at: number,
  _end: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const list: List = {
    bytes,
    from: at + 1,
    end: controllerListEnd(bytes, at),
    resetAt: ABSENT,
    silenced: false,
    channel,
    state,
    repair,
  };
  list.resetAt = newestReset(list);
  const log = emptyControllerLog();
  const toggles = state.toggles[DAMPER];
  for (let next = list.from; next < list.end; ) {
    next = readControllerLog(bytes, next, list.end, log);
    // A repair of Chapter P may have moved a bank that is older than the packet before.
    if (repair.single && log.settled && !isBank(log.controller)) continue;
    // A log older than a CC 121 that resets its controller tells nothing of the present, but for toggles (below).
    if (log.at < list.resetAt && RESET_VALUES.has(log.controller)) continue;
    repairLog(list, log);
    // Whether a pedal that is only told of by its value has moved can't be known.
    if (log.controller === DAMPER && log.toggles === ABSENT) repair.pedalMoved = true;
  }
  takeTogglesBeforeReset(list, log);
  if (state.toggles[DAMPER] !== toggles) repair.pedalMoved = true;
  // Notes that All Notes Off ended may have ended before the pedal was down.
  if (list.silenced && repair.pedalMoved) liftDamper(channel, state, repair);
}

/** A list of logs, and what it is compared with. */
interface List {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly end: number;
  /** Where the log of CC 121 is, or -1. */
  resetAt: number;
  /** An All Notes Off was played, and ended notes. */
  silenced: boolean;
  readonly channel: number;
  readonly state: ChannelState;
  readonly repair: Repair;
}

function newestReset({ bytes, from, end }: List): number {
  for (let log = end - 2; log >= from; log -= 2) {
    if (((bytes[log] as number) & 0x7f) === RESET_ALL) return log;
  }
  return ABSENT;
}

function isBank(controller: number): boolean {
  return controller === CONTROLLER.bankSelect || controller === CONTROLLER.bankSelect + 32;
}

function repairLog(list: List, log: ControllerLog): void {
  const { state, repair } = list;
  const inferred = log.count === ABSENT ? inferredCount(list.bytes, list.from, log) : log.count;
  if (inferred !== ABSENT) {
    repairCount(list, log, inferred);
  } else if (controllerTool(log.controller) === 'count' && log.toggles === ABSENT) {
    const over = repair.joining && isOver(log.controller);
    if (!over && wasLost(list, log)) control(list, log.controller, log.value);
  } else {
    repairValue(list, log);
  }
  if (log.toggles !== ABSENT) state.toggles[log.controller] = log.toggles;
}

/** To a receiver that joins, a command that only ends notes is over. */
function isOver(controller: number): boolean {
  return controller === CONTROLLER.allSoundOff || controller === CONTROLLER.allNotesOff;
}

function repairCount(list: List, log: ControllerLog, count: number): void {
  const { bytes, end, state, repair } = list;
  const { controller } = log;
  const ahead = (count - (state.counts[controller] as number)) & 63;
  const isNewest = !isListed(bytes, log.after, end, controller);
  if (ahead === 0) {
    // To one who joins, a count may be the same by chance.
    if (repair.joining && isNewest && log.value !== ABSENT && !isOver(controller)) {
      repairValue(list, log);
    }
    return;
  }
  if (!isNewest && (repair.joining || ahead > HALF_TURN)) return;
  if (!repair.joining || !isOver(controller)) {
    control(list, controller, log.value === ABSENT ? defaultOf(list, log) : log.value);
  }
  state.counts[controller] = count;
}

/** What a command without a value is made up for with: what its toggles leave it at, or its default. */
function defaultOf({ state }: List, { controller, toggles }: ControllerLog): number {
  if (toggles === ABSENT) return defaultValue(controller);
  const moved = ((toggles - (state.toggles[controller] as number)) & 1) !== 0;
  return state.isOn(controller) === moved ? OFF : ON;
}

function repairValue(list: List, log: ControllerLog): void {
  const { state, repair } = list;
  const { controller, toggles } = log;
  const on = state.isOn(controller);
  const held = state.values[controller] as number;
  const moved = toggles === ABSENT ? 0 : (toggles - (state.toggles[controller] as number)) & 63;
  let value = log.value;
  if (value === ABSENT) {
    const flipped = (moved & 1) !== 0;
    value = flipped ? (on ? OFF : ON) : held;
    if (!flipped && (!on || moved === 0)) return;
    if (held === UNKNOWN && !flipped) value = ON;
  }
  if (moved !== 0 && on && value >= PEDAL_ON && !repair.joining) {
    // It went off and on again in the missing packets: what it held must end.
    control(list, controller, OFF);
    control(list, controller, value);
  } else if (held !== value || isOutOfOrder(list, log)) {
    control(list, controller, value);
  }
}

/** The value is known, but a later one of the controller it is paired with has covered it here. */
function isOutOfOrder({ bytes, end, resetAt, state }: List, log: ControllerLog): boolean {
  const { controller } = log;
  const other = pairedWith(controller);
  if (other < 0 || state.younger[controller] === 1 || state.values[other] === UNKNOWN) return false;
  if (log.at < resetAt && RESET_VALUES.has(other)) return false;
  return !isListed(bytes, log.after, end, other);
}

/**
 * Commands that act once, from a sender that tells of them by their value: was one lost? It was if none has been heard
 * since the checkpoint, or if what it would have ended is still there.
 */
function wasLost(list: List, log: ControllerLog): boolean {
  const { state, repair } = list;
  const { controller } = log;
  if ((state.controllers.stamps[controller] as number) < repair.checkpoint) return true;
  if (state.values[controller] !== log.value) return true;
  if (isOutOfOrder(list, log)) return true;
  if (controller === RESET_ALL) return hasUnreset(list);
  return silencesNotes(controller) && hasForgottenNote(list);
}

function hasUnreset({ bytes, end, resetAt, state }: List): boolean {
  for (const [controller, value] of RESET_VALUES) {
    const held = state.values[controller];
    if (held === value || held === UNKNOWN) continue;
    if (!isListed(bytes, resetAt, end, controller)) return true;
  }
  return false;
}

/** A note sounds that began after the checkpoint, and Chapter N does not know it. */
function hasForgottenNote({ bytes, state, repair }: List): boolean {
  const { notes, velocities } = state;
  for (let key = notes.newest; key !== NO_SLOT; key = notes.olderThan(key)) {
    if ((notes.stamps[key] as number) < repair.checkpoint) return false;
    if (velocities[key] !== 0 && !mentionsKey(bytes, repair.notesAt ?? -1, key)) return true;
  }
  return false;
}

/** Toggles that a switch had before a CC 121, which has put it to rest: an even number now. */
function takeTogglesBeforeReset(
  { bytes, from, end, resetAt, state }: List,
  log: ControllerLog,
): void {
  for (let next = from; next < resetAt; ) {
    next = readControllerLog(bytes, next, resetAt, log);
    if (log.toggles === ABSENT || !RESET_VALUES.has(log.controller)) continue;
    if (!isListed(bytes, resetAt, end, log.controller)) {
      state.toggles[log.controller] = (log.toggles + (log.toggles & 1)) & 63;
    }
  }
}

function control(list: List, controller: number, value: number): void {
  const { channel, state, repair } = list;
  const sounding = state.oldestSounding() !== Number.POSITIVE_INFINITY;
  if (sounding && silencesNotes(controller)) list.silenced = true;
  // Outside of a transaction it is a controller like others; inside, it would change a parameter.
  if (isDataController(controller)) deselect(channel, state, repair);
  repair.emit(channelMessage(STATUS.controlChange | channel, controller, value));
}

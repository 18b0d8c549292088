/**
 * Chapter C, the receiver's side: which controllers did the missing packets move?
 *
 * Takes  a well-formed list of controller logs and the channel's state.
 * Gives  Control Changes that make up the difference.
 * Spec   RFC 6295 appendix A.3.2 (tools) and A.3.3 (their order); RFC 4696 section 7.3.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { CONTROLLER } from '../../../../core/midi-message.ts';
import type { ChannelState } from '../channel-state.ts';
import { channelMessage, type Repair } from '../chapter.ts';
import { RESET_VALUES } from '../controllers.ts';

const ALTERNATIVE = 0x80;
const COUNT = 0x40;
const OFF = 0;
const ON = 127;

export function repairControllers(
  bytes: Uint8Array,
  at: number,
  _end: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const header = bytes[at] as number;
  if (repair.single && (header & 0x80) !== 0) return;
  const end = at + 1 + 2 * ((header & 0x7f) + 1);
  const resetAt = newestReset(bytes, at + 1, end);
  for (let log = at + 1; log < end; log += 2) {
    const first = bytes[log] as number;
    const controller = first & 0x7f;
    if (repair.single && (first & 0x80) !== 0) continue;
    // A log older than a CC 121 that resets its controller tells nothing of the present.
    if (log < resetAt && RESET_VALUES.has(controller)) continue;
    const field = bytes[log + 1] as number;
    if ((field & ALTERNATIVE) === 0) {
      repairValue(controller, field, channel, state, repair);
    } else if ((field & COUNT) !== 0) {
      const hasValue =
        log + 2 < end &&
        ((bytes[log + 2] as number) & 0x7f) === controller &&
        ((bytes[log + 3] as number) & ALTERNATIVE) === 0;
      const value = hasValue ? (bytes[log + 3] as number) : OFF;
      repairCount(controller, field & 0x3f, value, channel, state, repair);
    } else {
      repairToggle(controller, field & 0x3f, channel, state, repair);
    }
  }
}

/** Where the log of CC 121 is, or -1. */
function newestReset(bytes: Uint8Array, from: number, end: number): number {
  let found = -1;
  for (let log = from; log < end; log += 2) {
    if (((bytes[log] as number) & 0x7f) === CONTROLLER.resetAllControllers) found = log;
  }
  return found;
}

function control(
  controller: number,
  value: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  if (controller === CONTROLLER.sustain && state.values[controller] !== value) {
    repair.pedalMoved = true;
  }
  repair.emit(channelMessage(STATUS.controlChange | channel, controller, value));
}

function repairValue(
  controller: number,
  value: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  if (state.values[controller] === value) return;
  control(controller, value, channel, state, repair);
}

function repairToggle(
  controller: number,
  toggles: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const held = state.toggles[controller] as number;
  if (held === toggles) return;
  const on = state.isOn(controller);
  const value = on ? (state.values[controller] as number) : ON;
  if (((toggles - held) & 1) !== 0) {
    control(controller, on ? OFF : ON, channel, state, repair);
  } else if (on && !repair.joining) {
    // It went off and on again in the missing packets: what it held must end.
    control(controller, OFF, channel, state, repair);
    control(controller, value, channel, state, repair);
  }
  state.toggles[controller] = toggles;
}

function repairCount(
  controller: number,
  count: number,
  value: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  if (state.counts[controller] === count) return;
  // To a receiver that joins, a command that only ends notes is over.
  const over = controller === CONTROLLER.allSoundOff || controller === CONTROLLER.allNotesOff;
  if (!repair.joining || !over) control(controller, value, channel, state, repair);
  state.counts[controller] = count;
}

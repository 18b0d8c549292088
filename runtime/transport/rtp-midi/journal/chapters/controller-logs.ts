/**
 * Reads a list of controller logs (Chapter C): log by log, and by command where several tools tell of one.
 *
 * S LEN(7), then LEN + 1 logs S NUMBER(7) A VALUE/ALT(7). A = 0 a value; A = 1, T = 0 a toggle count; A = 1, T = 1 a
 * command count, both modulo 64. Several logs of one command stand as count, value, toggle.
 * Spec   RFC 6295 appendices A.3.2 and A.3.3.
 */
const ALTERNATIVE = 0x80;
const COUNT = 0x40;
const COUNT_TOOL = 0;
const VALUE_TOOL = 1;
const TOGGLE_TOOL = 2;

/** A tool that a command's logs don't use. */
export const ABSENT = -1;

/** One command, as up to three logs tell of it. */
export interface ControllerLog {
  /** Its first octet, and the one after its last. */
  at: number;
  after: number;
  controller: number;
  /** The S bit: nothing of it is in the packet before. */
  settled: boolean;
  count: number;
  value: number;
  toggles: number;
}

export function emptyControllerLog(): ControllerLog {
  return {
    at: 0,
    after: 0,
    controller: 0,
    settled: false,
    count: ABSENT,
    value: ABSENT,
    toggles: ABSENT,
  };
}

/** The offset after a well-formed list. */
export function controllerListEnd(bytes: Uint8Array, at: number): number {
  return at + 1 + 2 * (((bytes[at] as number) & 0x7f) + 1);
}

/** Fills in `log` with the command that begins at `at`; returns the offset of the next. */
export function readControllerLog(
  bytes: Uint8Array,
  at: number,
  end: number,
  log: ControllerLog,
): number {
  const first = bytes[at] as number;
  log.at = at;
  log.controller = first & 0x7f;
  log.settled = (first & 0x80) !== 0;
  log.count = ABSENT;
  log.value = ABSENT;
  log.toggles = ABSENT;
  let next = at;
  let last = -1;
  while (next < end && ((bytes[next] as number) & 0x7f) === log.controller) {
    const field = bytes[next + 1] as number;
    const tool = toolOf(field);
    if (tool <= last) break;
    if (tool === COUNT_TOOL) log.count = field & 0x3f;
    else if (tool === VALUE_TOOL) log.value = field;
    else log.toggles = field & 0x3f;
    last = tool;
    next += 2;
  }
  log.after = next;
  return next;
}

function toolOf(field: number): number {
  if ((field & ALTERNATIVE) === 0) return VALUE_TOOL;
  return (field & COUNT) !== 0 ? COUNT_TOOL : TOGGLE_TOOL;
}

/** Whether a log of this controller stands at `from` or after it. */
export function isListed(
  bytes: Uint8Array,
  from: number,
  end: number,
  controller: number,
): boolean {
  for (let log = from; log < end; log += 2) {
    if (((bytes[log] as number) & 0x7f) === controller) return true;
  }
  return false;
}

/** Whether the Chapter C at `at` has a log of this controller; -1: there is no Chapter C. */
export function hasController(bytes: Uint8Array, at: number, controller: number): boolean {
  return at >= 0 && isListed(bytes, at + 1, controllerListEnd(bytes, at), controller);
}

/**
 * The count of the command at `at`, where several commands of its controller are listed (enhanced encoding): the count of
 * an earlier one and how many have followed. ABSENT when it is the only one, or nothing is counted.
 */
export function inferredCount(bytes: Uint8Array, from: number, log: ControllerLog): number {
  const other = emptyControllerLog();
  let count = ABSENT;
  for (let next = from; next < log.at; ) {
    next = readControllerLog(bytes, next, log.at, other);
    if (other.controller !== log.controller) continue;
    if (other.count !== ABSENT) count = other.count;
    else if (count !== ABSENT) count = (count + 1) & 0x3f;
  }
  return count === ABSENT ? ABSENT : (count + 1) & 0x3f;
}

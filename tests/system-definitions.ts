/**
 * What a system journal must hold, by the definitions of RFC 6295 appendices A.1 and B.1 to B.4 taken at their word: the
 * whole history is looked at again for each journal. Shares no code with the runtime.
 *
 * Takes  the history, and the packet that the journal stands in. Gives the octets of Chapters D, V, Q and F.
 */

export interface SentCommand {
  /** Number of its packet. */
  readonly packet: number;
  readonly octets: readonly number[];
}

export interface JournalPlace {
  readonly checkpoint: number;
  /** The packet that the journal stands in. */
  readonly packet: number;
  /** Lasting state is due from the first packet on. */
  readonly anchored: boolean;
}

export interface ExpectedJournal {
  /** Letters, in order. */
  readonly chapters: string;
  readonly octets: readonly number[];
  /** The S bits of the chapters. */
  readonly bits: readonly number[];
}

type History = readonly SentCommand[];

const statusOf = ({ octets }: SentCommand): number => octets[0] ?? 0;

function isResetState({ octets }: SentCommand): boolean {
  const hex = Buffer.from(octets).toString('hex');
  return hex === 'ff' || /^f07e..(09(00|01|03)|0a0[12])f7$/.test(hex);
}

function isFullFrame({ octets }: SentCommand): boolean {
  return /^f07f..0101(..){4}f7$/.test(Buffer.from(octets).toString('hex'));
}

/** Those that no Reset State command follows. */
function activeOf(history: History): History {
  return history.slice(Math.max(0, history.findLastIndex(isResetState)));
}

export function expectedSystemJournal(history: History, place: JournalPlace): ExpectedJournal {
  const active = activeOf(history);
  const from = place.anchored ? 0 : place.checkpoint;
  const due = active.filter(({ packet }) => packet >= from);
  const before = (commands: History): number =>
    commands.some(({ packet }) => packet === place.packet - 1) ? 0 : 0x80;
  const chapters: [string, readonly number[]][] = [
    ['D', chapterD(history, active, due, before)],
    ['V', chapterV(history, active, place.checkpoint, before)],
    ['Q', chapterQ(active, from, before)],
    ['F', chapterF(active, from, before)],
  ];
  const present = chapters.filter(([, octets]) => octets.length > 0);
  return {
    chapters: present.map(([letter]) => letter).join(''),
    octets: present.flatMap(([, octets]) => octets),
    bits: present.map(([, [first = 0]]) => first >> 7),
  };
}

type Before = (commands: History) => number;

function chapterD(history: History, active: History, due: History, before: Before): number[] {
  const logs: [number, number][] = [];
  for (const [bit, status] of [
    [0x40, 0xff],
    [0x20, 0xf6],
  ] as const) {
    const of = (list: History): History => list.filter((command) => statusOf(command) === status);
    if (of(due).length === 0) continue;
    logs.push([bit, before(of(active)) | (of(history).length % 128)]);
  }
  const song = due.findLast((command) => statusOf(command) === 0xf3);
  if (song) logs.push([0x10, before([song]) | (song.octets[1] ?? 0)]);
  if (logs.length === 0) return [];
  const s = logs.every(([, log]) => log >= 0x80) ? 0x80 : 0;
  return [s | logs.reduce((bits, [bit]) => bits | bit, 0), ...logs.map(([, log]) => log)];
}

function chapterV(history: History, active: History, from: number, before: Before): number[] {
  const senses = (list: History): History => list.filter((command) => statusOf(command) === 0xfe);
  const due = senses(active).filter(({ packet }) => packet >= from);
  return due.length === 0 ? [] : [before(due) | (senses(history).length % 128)];
}

/** The fields after these commands. */
function sequencerFields(active: History): number[] {
  const runs = active.map(statusOf).filter((status) => [0xfa, 0xfb, 0xfc].includes(status));
  const running = runs.length > 0 && runs.at(-1) !== 0xfc;
  const continued = runs.findLast((status) => status !== 0xfc) === 0xfb;
  // Clocks count since the last Start or Song Position, and only while it runs.
  const placedAt = active.findLastIndex((command) => [0xfa, 0xf2].includes(statusOf(command)));
  const placed = active[placedAt];
  const [status, low = 0, high = 0] = placed?.octets ?? [];
  const base = status === 0xf2 ? 6 * (low + 128 * high) : 0;
  const clocks = active.filter((command, i) => {
    if (statusOf(command) !== 0xf8 || i < placedAt) return false;
    const state = active
      .slice(0, i)
      .map(statusOf)
      .findLast((s) => s >= 0xfa && s <= 0xfc);
    return state === 0xfa || state === 0xfb;
  }).length;
  const position = base + Math.max(0, clocks - 1);
  const flags = (running ? 0x40 : 0) | (clocks > 0 ? 0x20 : 0);
  if (position === 0 && !(running && clocks === 0 && continued)) return [flags];
  return [flags | 0x10 | (position >> 16), (position >> 8) & 0xff, position & 0xff];
}

function chapterQ(active: History, from: number, before: Before): number[] {
  const own = active.filter((command) =>
    [0xf2, 0xf8, 0xfa, 0xfb, 0xfc].includes(statusOf(command)),
  );
  const fieldsAt = (count: number): string => sequencerFields(own.slice(0, count)).join();
  const changes = own.some(({ packet }, i) => packet >= from && fieldsAt(i) !== fieldsAt(i + 1));
  if (!changes) return [];
  // Clocks that find the sequencer standing are not in its state.
  const coded = own.filter(
    (command, i) => statusOf(command) !== 0xf8 || fieldsAt(i) !== fieldsAt(i + 1),
  );
  const [first = 0, ...rest] = sequencerFields(own);
  return [before(coded) | first, ...rest];
}

/** The longest run of neighbouring quarter frames at the end; `step` from each to the next. */
function lastRun(pieces: readonly number[], step: number): readonly number[] {
  let from = pieces.length - 1;
  while (from > 0 && pieces[from] === (pieces[from - 1] ?? 0) + step) from--;
  return pieces.slice(Math.max(0, from));
}

function chapterF(active: History, from: number, before: Before): number[] {
  const own = active.filter((command) => statusOf(command) === 0xf1 || isFullFrame(command));
  if (!own.some(({ packet }) => packet >= from)) return [];
  const complete = completeFrame(own, from);
  const since = own.slice(own.findLastIndex(isFullFrame) + 1).map(({ octets }) => octets[1] ?? 0);
  const pieces = since.map((data) => data >> 4);
  const reverse = movesBack(pieces);
  const run = lastRun(pieces, reverse ? -1 : 1);
  const point = run.at(-1) ?? 0;
  const partial = run.length > 0 && run[0] === (reverse ? 7 : 0) && point !== (reverse ? 0 : 7);
  const nibbles = new Array<number>(8).fill(0);
  if (partial) for (const data of since.slice(-run.length)) nibbles[data >> 4] = data & 15;
  const header =
    before(own) |
    (complete ? 0x40 : 0) |
    (partial ? 0x20 : 0) |
    (complete?.quarter ? 0x10 : 0) |
    (reverse ? 8 : 0) |
    (partial ? point : reverse ? 0 : 7);
  return [header, ...(complete?.field ?? []), ...(partial ? packed(nibbles) : [])];
}

/** As the newest two tell, or one that begins a series; forward where nothing tells. */
function movesBack(pieces: readonly number[]): boolean {
  for (let i = pieces.length - 1; i >= 0; i--) {
    const piece = pieces[i] ?? 0;
    const step = i === 0 ? 0 : (piece - (pieces[i - 1] ?? 0) + 8) % 8;
    if (step === 1 || step === 7) return step === 7;
    if (piece === 0 || piece === 7) return piece === 7;
  }
  return false;
}

/** The newest one, if the command that completes it is due. */
function completeFrame(
  own: History,
  from: number,
): { readonly field: readonly number[]; readonly quarter: boolean } | undefined {
  for (let end = own.length - 1; end >= 0; end--) {
    const last = own[end];
    if (!last) continue;
    const isDue = last.packet >= from;
    if (isFullFrame(last)) {
      return isDue ? { field: last.octets.slice(5, 9), quarter: false } : undefined;
    }
    const series = own.slice(Math.max(0, end - 7), end + 1);
    const data = series.map(({ octets }) => octets[1] ?? 0);
    const pieces = data.map((value) => value >> 4).join('');
    if (series.length < 8 || series.some(isFullFrame)) continue;
    if (pieces !== '01234567' && pieces !== '76543210') continue;
    if (!isDue) return undefined;
    const nibbles = new Array<number>(8).fill(0);
    for (const value of data) nibbles[value >> 4] = value & 15;
    return { field: packed(pieces === '01234567' ? twoFramesOn(nibbles) : nibbles), quarter: true };
  }
  return undefined;
}

function packed(nibbles: readonly number[]): number[] {
  return [0, 2, 4, 6].map((at) => ((nibbles[at] ?? 0) << 4) | (nibbles[at + 1] ?? 0));
}

/** By the calendar of drop-frame: a day's time codes in a list of minutes. Bits beside the value stay. */
function twoFramesOn(nibbles: readonly number[]): number[] {
  const [f0 = 0, f1 = 0, s0 = 0, s1 = 0, m0 = 0, m1 = 0, h0 = 0, h1 = 0] = nibbles;
  const kind = (h1 >> 1) & 3;
  const rate = [24, 25, 30, 30][kind] ?? 30;
  let time = [
    ((f1 & 1) << 4) | f0,
    ((s1 & 3) << 4) | s0,
    ((m1 & 3) << 4) | m0,
    ((h1 & 1) << 4) | h0,
  ];
  for (let step = 0; step < 2; step++) {
    let [frame = 0, second = 0, minute = 0, hour = 0] = time;
    if (++frame >= rate) [frame, second] = [0, second + 1];
    if (second >= 60) [second, minute] = [0, minute + 1];
    if (minute >= 60) [minute, hour] = [0, (hour + 1) % 24];
    if (kind === 2 && frame === 0 && second === 0 && minute % 10 !== 0) frame = 2;
    time = [frame, second, minute, hour];
  }
  const [frame = 0, second = 0, minute = 0, hour = 0] = time;
  return [
    frame & 15,
    (f1 & 14) | (frame >> 4),
    second & 15,
    (s1 & 12) | (second >> 4),
    minute & 15,
    (m1 & 12) | (minute >> 4),
    hour & 15,
    (h1 & 14) | (hour >> 4),
  ];
}

/**
 * What a channel journal must hold, found by going through the whole history for each question, as appendix A of RFC 6295
 * puts it. Slow and plain; the texts are those of the decoder.
 */
import type { Octets } from './lossy-stream.ts';

export interface Sent {
  readonly packet: number;
  readonly octets: Octets;
  /** Milliseconds. */
  readonly at: number;
}

export interface Question {
  readonly channel: number;
  /** Packets C and I. */
  readonly checkpoint: number;
  readonly packet: number;
  /** Lasting state is coded as if C were the first packet. */
  readonly anchored: boolean;
  readonly now: number;
  readonly hint: number;
}

interface Command {
  readonly kind: number;
  readonly data1: number;
  readonly data2: number;
  readonly index: number;
  readonly packet: number;
  readonly at: number;
}

export interface ExpectedChapter {
  readonly header: string;
  readonly elements: readonly string[];
}

const NUMBERS = [98, 99, 100, 101];
const DATA = [6, 38, 96, 97];

export function expectedChapters(
  history: readonly Sent[],
  question: Question,
): Map<string, ExpectedChapter> {
  const { channel, checkpoint, packet } = question;
  const session: Command[] = [];
  for (const [index, sent] of history.entries()) {
    if (sent.packet >= packet) continue;
    const [status, data1, data2] = sent.octets;
    const kind = status === 0xff ? 0xff : status & 0xf0;
    if (kind !== 0xff && (status & 15) !== channel) continue;
    const off = kind === 0x90 && data2 === 0;
    session.push({
      kind: off ? 0x80 : kind,
      data1,
      data2: off ? 64 : data2,
      index,
      packet: sent.packet,
      at: sent.at,
    });
  }
  const newest = (which: (command: Command) => boolean): Command | undefined =>
    session.findLast(which);
  const isControl = (command: Command, number: number): boolean =>
    command.kind === 0xb0 && command.data1 === number;
  const indexOf = (command: Command | undefined): number => command?.index ?? -1;
  const reset = indexOf(newest((c) => c.kind === 0xff));
  const resetControllers = Math.max(reset, indexOf(newest((c) => isControl(c, 121))));
  const silence = Math.max(
    reset,
    indexOf(newest((c) => c.kind === 0xb0 && (c.data1 === 120 || c.data1 >= 123))),
  );
  const active = session.filter((c) => c.index > reset);
  const cActive = (c: Command): boolean => c.index > resetControllers;
  const nActive = (c: Command): boolean => c.index > silence;
  const due = (c: Command): boolean => c.packet >= checkpoint;
  const lasts = (c: Command): boolean => question.anchored || due(c);
  const s = (c: Command): string => (c.packet === packet - 1 ? 'S0' : 'S1');
  const chapters = new Map<string, ExpectedChapter>();
  const put = (letter: string, elements: readonly string[], header = ''): void => {
    if (elements.length > 0) chapters.set(letter, { header, elements });
  };
  /** The newest of each number, oldest first. */
  const newestOfEach = (which: (c: Command) => boolean): Command[] => {
    const found = new Map<number, Command>();
    for (const command of active) if (which(command)) found.set(command.data1, command);
    return [...found.values()].sort((a, b) => a.index - b.index);
  };

  // A.2
  const program = active.findLast((c) => c.kind === 0xc0);
  if (program && lasts(program)) {
    const before = active.filter((c) => c.index < program.index);
    const msb = before.findLast((c) => isControl(c, 0));
    const between = before.filter((c) => msb && c.index > msb.index);
    const lsb = between.findLast((c) => isControl(c, 32));
    const x = between.some((c) => isControl(c, 121)) ? 1 : 0;
    const bank = msb ? `B1 ${msb.data2} X${x} ${lsb?.data2 ?? 0}` : 'B0 0 X0 0';
    put('P', [`${s(program)} ${program.data1} ${bank}`]);
  }

  // A.1, A.3.4: which controllers belong to transactions, and to which parameter.
  const parameterOf = new Map<Command, string>();
  for (const command of active) {
    if (command.kind !== 0xb0) continue;
    const isNumber = NUMBERS.includes(command.data1);
    if (!isNumber && !DATA.includes(command.data1)) continue;
    const last = active.findLast(
      (c) =>
        c.kind === 0xb0 &&
        c.index <= command.index &&
        (NUMBERS.includes(c.data1) || c.data1 === 121),
    );
    if (!last || last.data1 === 121) continue;
    const half = active.findLast(
      (c) => c.index <= last.index && (isControl(c, 99) || isControl(c, 101) || isControl(c, 121)),
    );
    // None: that of the null parameter, which CC 121 selects (RP-015).
    const msb = half === undefined || half.data1 === 121 ? 127 : half.data2;
    const type = last.data1 < 100 ? 'N' : 'R';
    const isHalf = last.data1 === 99 || last.data1 === 101;
    if (isHalf && isNumber) parameterOf.set(command, `${type}${msb}`);
    else if (!isHalf && msb === 127 && last.data2 === 127) {
      if (isNumber) parameterOf.set(command, 'null');
    } else {
      parameterOf.set(command, `${type}${msb}.${isHalf ? 0 : last.data2}`);
    }
  }

  // A.3
  const logs: string[] = [];
  const resetValues = new Map([
    [1, 0],
    [11, 127],
    [64, 0],
    [65, 0],
    [66, 0],
    [67, 0],
  ]);
  for (const command of newestOfEach((c) => c.kind === 0xb0 && !parameterOf.has(c))) {
    const number = command.data1;
    if (!lasts(command)) continue;
    const wasReset = resetValues.has(number) && !cActive(command);
    const line = `${s(command)} ${number}`;
    const isSwitch = (number >= 64 && number <= 69) || number === 122;
    if (wasReset && !isSwitch) continue;
    if ([120, 121, 123, 124, 125, 126, 127].includes(number)) {
      const count = active.filter((c) => isControl(c, number)).length & 63;
      logs.push(`${line} count ${count}`);
      if (number === 126 || command.data2 !== 0) logs.push(`${line} value ${command.data2}`);
    } else if (!wasReset) {
      logs.push(`${line} value ${command.data2}`);
    }
    if (isSwitch) {
      let on = number === 122;
      let toggles = on ? 1 : 0;
      for (const c of active) {
        if (c.index > command.index) break;
        const to = isControl(c, number)
          ? c.data2 >= 64
          : isControl(c, 121) && number < 68
            ? false
            : on;
        if (to !== on) toggles++;
        on = to;
      }
      logs.push(`${line} toggle ${toggles & 63}`);
    }
  }
  put('C', logs);

  // A.4
  const byParameter = new Map<string, Command[]>();
  for (const [command, parameter] of parameterOf) {
    if (!parameter.includes('.')) continue;
    const commands = byParameter.get(parameter) ?? [];
    byParameter.delete(parameter);
    byParameter.set(parameter, [...commands, command]);
  }
  const system = [...parameterOf.keys()].filter(cActive).at(-1);
  const state = system ? (parameterOf.get(system) as string) : 'none';
  const pending = state !== 'null' && state !== 'none' && !state.includes('.');
  const parameterLogs: string[] = [];
  for (const [parameter, commands] of byParameter) {
    const last = commands.at(-1) as Command;
    if (!lasts(last)) continue;
    parameterLogs.push(`${s(last)} ${parameter}${parameterFields(commands)}`);
  }
  const lone = system && lasts(system) && (pending || state === 'null');
  if (parameterLogs.length > 0 || lone) {
    const selected = pending ? `P1 E0 ${state}` : state.includes('.') ? 'P0 E1' : 'P0 E0';
    const fresh = system?.packet === packet - 1 || parameterLogs.some((log) => log[1] === '0');
    chapters.set('M', { header: `S${fresh ? 0 : 1} ${selected}`, elements: parameterLogs });
  }
  function parameterFields(commands: readonly Command[]): string {
    const msb = commands.findLast((c) => isControl(c, 6));
    const lsb = commands.findLast((c) => isControl(c, 38));
    const entered = Math.max(indexOf(msb), indexOf(lsb));
    const x = (c: Command): string => (c.index < resetAll ? 'x' : '');
    const resetAll = indexOf(active.findLast((c) => isControl(c, 121)));
    let text = msb ? ` J${x(msb)}${msb.data2}` : '';
    if (lsb && lsb.index > indexOf(msb)) text += ` K${x(lsb)}${lsb.data2}`;
    const isButton = (c: Command): boolean => isControl(c, 96) || isControl(c, 97);
    const buttons = commands.filter((c) => isButton(c) && c.index > entered);
    if (buttons.length === 0 && !commands.some((c) => isButton(c) && due(c))) return text;
    const sum = (list: readonly Command[]): number =>
      list.reduce((total, c) => total + (c.data1 === 96 ? 1 : -1), 0);
    const newestButton = buttons.at(-1);
    const isBefore = newestButton !== undefined && newestButton.index < resetAll;
    text += ` L${isBefore ? 'x' : ''}${sum(buttons)}`;
    const since = sum(buttons.filter((c) => c.index > resetAll));
    return isBefore || since === sum(buttons) ? text : `${text} M${since}`;
  }

  // A.5, A.8
  const wheel = active.findLast((c) => c.kind === 0xe0 && cActive(c));
  if (wheel && lasts(wheel)) put('W', [`${s(wheel)} ${wheel.data1} ${wheel.data2}`]);
  const pressure = active.findLast((c) => c.kind === 0xd0 && cActive(c) && nActive(c));
  if (pressure && lasts(pressure)) put('T', [`${s(pressure)} ${pressure.data1}`]);

  // A.6, A.7
  const isNote = (c: Command): boolean => c.kind === 0x90 || c.kind === 0x80;
  const noteCommands = newestOfEach((c) => isNote(c) && nActive(c)).filter(due);
  const on = noteCommands.filter((c) => c.kind === 0x90);
  const off = noteCommands.filter((c) => c.kind === 0x80).sort((a, b) => a.data1 - b.data1);
  const b = session.some((c) => c.kind === 0x80 && c.packet === packet - 1) ? 'B0' : 'B1';
  const noteLogs = on.map(
    (c) => `${s(c)} ${c.data1} Y${question.now - c.at <= question.hint ? 1 : 0} ${c.data2}`,
  );
  put('N', [...noteLogs, ...off.map((c) => `off ${c.data1}`)], b);
  const extras: string[] = [];
  for (const command of noteCommands) {
    let count = 0;
    for (const c of active) {
      if (!nActive(c) || !isNote(c) || c.data1 !== command.data1) continue;
      count = c.kind === 0x90 ? count + 1 : Math.max(0, count - 1);
    }
    const line = `${s(command)} ${command.data1}`;
    if (count > (command.kind === 0x90 ? 1 : 0))
      extras.push(`${line} count ${Math.min(127, count)}`);
    if (command.kind === 0x80 && command.data2 !== 64) {
      extras.push(`${line} release ${command.data2}`);
    }
  }
  put('E', extras);

  // A.9
  const pressures = newestOfEach((c) => c.kind === 0xa0 && cActive(c)).filter(due);
  put(
    'A',
    pressures.map((c) => `${s(c)} ${c.data1} X${nActive(c) ? 0 : 1} ${c.data2}`),
  );
  return chapters;
}

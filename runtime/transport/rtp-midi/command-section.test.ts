import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMessage, shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { CommandList, LIST_OCTETS } from './command-list.ts';
import { emptyCommandHeader, readCommandHeader, readCommands } from './command-section.ts';
import { SysExHistory } from './journal/sysex-history.ts';
import { SysExAssembly } from './sysex-assembly.ts';
import { takeSegment } from './sysex-segments.ts';
import type { Ticks } from './ticks.ts';

interface Read {
  readonly delta: number;
  readonly octets: string;
}

function read(bytes: Uint8Array, end: number = bytes.length) {
  const header = emptyCommandHeader();
  const commands: Read[] = [];
  const headerFault = readCommandHeader(bytes, 0, end, header);
  const hex = (octets: readonly number[]): string => Buffer.from(octets).toString('hex');
  const fault =
    headerFault === 'headerTruncated'
      ? undefined
      : readCommands(bytes, header, {
          command: (status, data1, data2, delta) =>
            commands.push({ delta, octets: hex([status, data1, data2]) }),
          sysEx: (head, data, from, to, tail, delta) =>
            commands.push({ delta, octets: hex([head, ...data.subarray(from, to), tail]) }),
          undefinedCommand: (status, delta) => commands.push({ delta, octets: hex([status]) }),
        });
  return { header, commands, fault: headerFault ?? fault };
}

const readHex = (hex: string) => read(Uint8Array.from(Buffer.from(hex, 'hex')));

describe('reading', () => {
  test('running status lasts through real-time commands and ends with system ones', () => {
    expect(readHex('0b903c6400f8003e6400903e00').commands.map((c) => c.octets)).toEqual([
      '903c64',
      'f80000',
      '903e64',
    ]);
    expect(readHex('0a903c6400f605003e6400').fault).toBe('noRunningStatus');
  });

  test('delta times add up, and a list may end with one or be one', () => {
    expect(readHex('29' + '05903c64' + '8100' + '3c00' + '07').commands).toEqual([
      { delta: 5, octets: '903c64' },
      { delta: 133, octets: '903c00' },
    ]);
    expect(readHex('2105')).toMatchObject({ commands: [], fault: undefined });
  });

  test('a padded delta time is read, one of five octets is a fault after what came before it', () => {
    expect(readHex('07903c64808000f8').commands).toHaveLength(2);
    const bad = readHex('0a903c648080808000f8f8');
    expect(bad).toMatchObject({ fault: 'deltaOverlong', commands: [{ octets: '903c64' }] });
  });

  test.each([
    ['', 'headerTruncated'],
    ['80', 'headerTruncated'],
    ['05903c64', 'listTruncated'],
    ['03903c64f8', 'trailingOctets'],
    ['02903c', 'commandTruncated'],
    ['03908064', 'badDataOctet'],
    ['023c64', 'noRunningStatus'],
    ['04f0010203', 'sysExUnterminated'],
    ['04f001f8f7', 'sysExMalformed'],
    ['02f0f0', 'sysExMalformed'],
    ['02f0f4', 'sysExMalformed'],
    ['03f701f4', 'sysExMalformed'],
    ['03f401f0', 'sysExMalformed'],
    ['04f80080', 'listTruncated'],
    ['03f80080', 'commandTruncated'],
    ['02f881', 'deltaTruncated'],
  ])('%s is a fault: %s', (hex, fault) => {
    expect(readHex(hex).fault).toBe(fault);
  });

  test('whole commands of a list that runs past the packet still count', () => {
    expect(readHex('4e903c6400803c')).toMatchObject({
      fault: 'listTruncated',
      commands: [{ octets: '903c64' }],
      header: { journal: false },
    });
  });

  test('undefined commands are stepped over', () => {
    const { commands, fault } = readHex('0cf40102f700f900fd00903c64');
    expect(fault).toBeUndefined();
    expect(commands.map((c) => c.octets)).toEqual(['f4', 'f9', 'fd', '903c64']);
  });

  test('no octets whatsoever make it throw or read past the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (bytes, cut) => {
        const end = Math.min(cut, bytes.length);
        const inside = read(bytes, end);
        expect(inside).toEqual(read(bytes.slice(0, end)));
      }),
    );
  });
});

const short = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0x80, max: 0x82 }), fc.integer({ min: 0x83, max: 0xff })),
    fc.nat(127),
    fc.nat(127),
  )
  .map(([status, data1, data2]) => shortMessage(status, data1, data2))
  .filter((message) => message !== undefined);
const sysEx: fc.Arbitrary<MidiMessage> = fc
  .array(fc.nat(127), { maxLength: 1_500 })
  .map((data) => ({ kind: 'sysEx', data: Uint8Array.from(data) }));
const timed = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: short }, { weight: 1, arbitrary: sysEx }),
  fc.oneof(fc.nat(50), fc.nat(100_000)),
);

/** Packets as an end point makes them, read back and put together. */
function throughPackets(messages: readonly (readonly [MidiMessage, number])[]) {
  const list = new CommandList();
  const history = new SysExHistory();
  const out = new Uint8Array(LIST_OCTETS + 2);
  const heard: { message: string; at: number }[] = [];
  let at = 0;
  let next = 0;
  let from = 0;
  while (next < messages.length) {
    list.clear();
    while (next < messages.length) {
      const [message, wait] = messages[next] as [MidiMessage, number];
      const due = from === 0 ? at + wait : at;
      const got = list.add(message, from, due as Ticks);
      if (got < 0) break;
      at = due;
      from = CommandList.isWhole(message, got) ? 0 : got;
      if (from > 0) break;
      next++;
    }
    const end = list.writeInto(out, 0, false);
    const header = emptyCommandHeader();
    expect(readCommandHeader(out, 0, end, header)).toBeUndefined();
    const fault = readCommands(out, header, {
      command: (status, data1, data2, delta) =>
        heard.push({ message: hexOf(shortMessage(status, data1, data2)), at: list.first + delta }),
      sysEx: (head, bytes, start, stop, tail, delta) => {
        const whole = takeSegment(history, head, bytes, start, stop, tail, 1);
        if (typeof whole === 'object') {
          history.complete(whole, 1);
          heard.push({ message: hexOf({ kind: 'sysEx', data: whole }), at: list.first + delta });
        } else expect(whole).toBeUndefined();
      },
      undefinedCommand: () => expect.fail('nothing undefined was sent'),
    });
    expect(fault).toBeUndefined();
  }
  return heard;
}

const hexOf = (message: MidiMessage | undefined): string =>
  message ? Buffer.from(encodeMessage(message)).toString('hex') : '';

describe('writing', () => {
  test('every list of messages is read back with its times, over as many packets as it takes', () => {
    fc.assert(
      fc.property(fc.array(timed, { maxLength: 120 }), (messages) => {
        let at = 0;
        const wanted = messages.map(([message, wait]) => {
          at += wait;
          return { message: hexOf(message), at };
        });
        expect(throughPackets(messages)).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  test('a chord is one status octet and its keys', () => {
    const list = new CommandList();
    for (const key of [60, 64, 67])
      list.add(shortMessage(0x90, key, 9) as MidiMessage, 0, 7 as Ticks);
    expect(Buffer.from(list.bytes.subarray(0, list.length)).toString('hex')).toBe(
      '903c09004009004309',
    );
  });

  test('a time before the last one is taken for the last one', () => {
    const list = new CommandList();
    list.add(shortMessage(0x90, 60, 9) as MidiMessage, 0, 100 as Ticks);
    list.add(shortMessage(0x80, 60, 9) as MidiMessage, 0, 90 as Ticks);
    expect(list.first).toBe(100);
    expect(list.last).toBe(100);
  });
});

describe('putting segments together', () => {
  const take = (history: SysExHistory, hex: string) => {
    const bytes = Buffer.from(hex, 'hex');
    const tail = bytes.at(-1) ?? 0;
    const whole = takeSegment(history, bytes[0] ?? 0, bytes, 1, bytes.length - 1, tail, 1);
    if (typeof whole === 'object') history.complete(whole, 1);
    return whole;
  };

  test('a cancelled command was never there', () => {
    const history = new SysExHistory();
    expect(take(history, 'f00102f0')).toBeUndefined();
    expect(take(history, 'f7f4')).toBeUndefined();
    expect(history.open).toBe(false);
    expect(take(history, 'f703f7')).toBe('sysExOrphan');
  });

  test('a dropped F7 ends a command like any other', () => {
    const history = new SysExHistory();
    expect(take(history, 'f00102f5')).toEqual(Uint8Array.of(1, 2));
    take(history, 'f001f0');
    expect(take(history, 'f702f5')).toEqual(Uint8Array.of(1, 2));
  });

  test('a command that begins before the last one ended takes its place', () => {
    const history = new SysExHistory();
    take(history, 'f001f0');
    expect(take(history, 'f002f0')).toBe('sysExInterrupted');
    expect(take(history, 'f7f7')).toEqual(Uint8Array.of(2));
  });

  test('a command without end is given up at the limit, and the next one is fine', () => {
    const assembly = new SysExAssembly(10);
    assembly.begin();
    expect(assembly.append(new Uint8Array(6), 0, 6)).toBe(true);
    expect(assembly.append(new Uint8Array(6), 0, 6)).toBe(false);
    expect(assembly.open).toBe(false);
    assembly.begin();
    assembly.append(Uint8Array.of(1, 2), 0, 2);
    expect(assembly.finish()).toEqual(Uint8Array.of(1, 2));
  });
});

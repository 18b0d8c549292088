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
  test('running status lasts through real-time commands and ends with system ones (item 7)', () => {
    expect(readHex('0b903c6400f8003e6400903e00').commands.map((c) => c.octets)).toEqual([
      '903c64',
      'f80000',
      '903e64',
    ]);
    expect(readHex('0a903c6400f605003e6400').fault).toBe('noRunningStatus');
  });

  test('delta times add up, and a list may end with one or be one (item 6)', () => {
    expect(readHex('29' + '05903c64' + '8100' + '3c00' + '07').commands).toEqual([
      { delta: 5, octets: '903c64' },
      { delta: 133, octets: '903c00' },
    ]);
    expect(readHex('2105')).toMatchObject({ commands: [], fault: undefined });
  });

  test('a padded delta time is read, one of five octets is a fault after what came before it (items 6, 12)', () => {
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
  ])('%s is a fault: %s (item 12)', (hex, fault) => {
    expect(readHex(hex).fault).toBe(fault);
  });

  test('whole commands of a list that runs past the packet still count', () => {
    expect(readHex('4e903c6400803c')).toMatchObject({
      fault: 'listTruncated',
      commands: [{ octets: '903c64' }],
      header: { journal: false },
    });
  });

  test('LEN has 4 bits or 12, whatever its value; 0 is an empty list (item 5)', () => {
    expect(readHex('00')).toMatchObject({ commands: [], fault: undefined });
    expect(readHex('8000')).toMatchObject({ commands: [], fault: undefined });
    expect(readHex('8003903c64').commands).toHaveLength(1);
    const long = `8ffe${'f800'.repeat(2_047)}`.replace(/00$/, '');
    expect(readHex(long).fault).toBe('listTruncated');
    expect(readHex(`8ffd${`${'f800'.repeat(2_046)}f8`}`).commands).toHaveLength(2_047);
  });

  test('P tells that the source left the first status octet out (item 7)', () => {
    expect(readHex('13903c64').header.phantom).toBe(true);
    expect(readHex('03903c64').header.phantom).toBe(false);
  });

  test('the segments of figure 5, with real-time commands between them, and no others (items 9, 10)', () => {
    const shown = (hex: string) => readHex(hex).commands.map(({ octets }) => octets);
    expect(shown('0df00102f000f800f703f000f7f7')).toEqual(['f00102f0', 'f80000', 'f703f0', 'f7f7']);
    expect(shown('08f001f000f704f500')).toEqual(['f001f0', 'f704f5']);
    expect(shown('06f001f000f7f4')).toEqual(['f001f0', 'f7f4']);
    expect(shown('02f0f7')).toEqual(['f0f7']);
    for (const none of ['02f7f0', '03f701f4', '03f001f4', '02f0f0']) {
      expect(readHex(none).fault, none).toBe('sysExMalformed');
    }
  });

  test('undefined commands are stepped over (item 13)', () => {
    const { commands, fault } = readHex('0cf40102f700f900fd00903c64');
    expect(fault).toBeUndefined();
    expect(commands.map((c) => c.octets)).toEqual(['f4', 'f9', 'fd', '903c64']);
  });

  test('no octets whatsoever make it throw or read past the end (item 12)', () => {
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
  test('every list of messages is read back with its times, over as many packets as it takes (items 5, 6, 7, 8)', () => {
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

  test('a chord is one status octet and its keys (item 7)', () => {
    const list = new CommandList();
    for (const key of [60, 64, 67])
      list.add(shortMessage(0x90, key, 9) as MidiMessage, 0, 7 as Ticks);
    expect(Buffer.from(list.bytes.subarray(0, list.length)).toString('hex')).toBe(
      '903c09004009004309',
    );
  });

  test('deltas are as short as can be, the first one is left out, status is not (items 6, 7)', () => {
    const list = new CommandList();
    const out = new Uint8Array(LIST_OCTETS);
    list.add(shortMessage(0xf8, 0, 0) as MidiMessage, 0, 1_000 as Ticks);
    list.add(shortMessage(0x90, 60, 9) as MidiMessage, 0, 1_127 as Ticks);
    list.add(shortMessage(0xfe, 0, 0) as MidiMessage, 0, 1_255 as Ticks);
    list.add(shortMessage(0x90, 60, 8) as MidiMessage, 0, 17_638 as Ticks);
    list.add(shortMessage(0xf6, 0, 0) as MidiMessage, 0, 17_638 as Ticks);
    list.add(shortMessage(0x90, 60, 7) as MidiMessage, 0, 17_638 as Ticks);
    const end = list.writeInto(out, 0, true);
    expect(Buffer.from(out.subarray(0, end)).toString('hex')).toBe(
      'c012' + 'f8' + '7f903c09' + '8100fe' + 'ff7f3c08' + '00f6' + '00903c07',
    );
  });

  test('a command that is given up ends with F7 F4 (item 9)', () => {
    const list = new CommandList();
    list.add({ kind: 'sysEx', data: new Uint8Array(600) }, 0, 1 as Ticks);
    expect(list.bytes[list.length - 1]).toBe(0xf0);
    list.clear();
    expect(list.addCancel(5 as Ticks)).toBe(true);
    list.add(shortMessage(0x80, 60, 0) as MidiMessage, 0, 5 as Ticks);
    expect(Buffer.from(list.bytes.subarray(0, list.length)).toString('hex')).toBe('f7f400803c00');
  });

  test('a time before the last one is taken for the last one (item 8)', () => {
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

  test('a cancelled command was never there (items 9, 11)', () => {
    const history = new SysExHistory();
    expect(take(history, 'f00102f0')).toBeUndefined();
    expect(take(history, 'f7f4')).toBeUndefined();
    expect(history.open).toBe(false);
    expect(take(history, 'f703f7')).toBe('sysExOrphan');
  });

  test('a dropped F7 ends a command like any other (item 9)', () => {
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

  test('a command without end is given up at the limit, and the next one is fine (item 11)', () => {
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

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DnsRecord, decodeDnsMessage, encodeDnsMessage } from './dns-message.ts';
import { escapeLabel, joinLabels, splitName } from './dns-name.ts';
import { addressRecords, serviceRecords } from './dns-sd-records.ts';

const HOST = 'box-1.local';
const records = (name: string): DnsRecord[] => [
  ...serviceRecords({ name, type: '_apple-midi._udp', port: 5_004, txt: { a: 'b', c: '' } }, HOST),
  ...addressRecords(HOST, ['192.0.2.1', 'fe80::1', '2001:db8::1']),
];
const empty = { questions: [], answers: [], authorities: [], additionals: [] };

describe('names', () => {
  test('are taken apart where they were put together, whatever their labels hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 5 }), (labels) => {
        expect(splitName(joinLabels(labels))).toEqual(labels);
      }),
    );
    expect(escapeLabel('Dr. Beat\\')).toBe('Dr\\. Beat\\\\');
    expect(splitName('a.local.')).toEqual(['a', 'local']);
  });

  test('of any kind never throw when they are taken apart', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', '\\') }), (name) => {
        expect(splitName(name).length).toBeLessThanOrEqual(name.length + 1);
      }),
    );
  });
});

describe('messages', () => {
  test('come back as they were, dots in names included (item 46)', () => {
    const label = fc
      .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
      .filter((text) => Buffer.byteLength(text) <= 63);
    fc.assert(
      fc.property(label, fc.constantFrom('query' as const, 'response' as const), (name, kind) => {
        const message = {
          kind,
          questions: [
            { name: `${escapeLabel(name)}._apple-midi._udp.local`, type: 'ANY' as const },
          ],
          answers: records(name),
          authorities: records('Rival'),
          additionals: records('Other'),
        };
        const decoded = decodeDnsMessage(encodeDnsMessage(message));
        expect(decoded).toEqual(message);
      }),
    );
  });

  test('write a name once and then point to it', () => {
    const one = encodeDnsMessage({ kind: 'response', answers: records('Studio') });
    const twice = encodeDnsMessage({
      kind: 'response',
      answers: [...records('Studio'), ...records('Studio')],
    });
    expect(one.length).toBeLessThan(260);
    expect(Buffer.from(one).toString('latin1').split('_apple-midi')).toHaveLength(2);
    expect(twice.length - one.length).toBeLessThan(one.length);
  });

  test('of other opcodes, with errors, or cut anywhere are refused', () => {
    const whole = encodeDnsMessage({ kind: 'response', answers: records('Studio') });
    expect(decodeDnsMessage(whole)?.answers).toHaveLength(7);
    for (let length = 0; length < whole.length; length++) {
      expect(decodeDnsMessage(whole.subarray(0, length)), `${length} octets`).toBeUndefined();
    }
    for (const flags of [0x8403, 0xa800]) {
      const bent = Buffer.from(whole);
      bent.writeUInt16BE(flags, 2);
      expect(decodeDnsMessage(bent)).toBeUndefined();
    }
  });

  test('of any octets never throw, nor go in circles', () => {
    const whole = Buffer.from(encodeDnsMessage({ kind: 'response', answers: records('Studio') }));
    const bent = fc
      .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
      .map((changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, octet] of changes) bytes[at] = octet;
        return new Uint8Array(bytes);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), bent), (bytes) => {
        for (const record of decodeDnsMessage(bytes)?.answers ?? []) {
          expect(record.name).not.toBe('');
          expect(Buffer.byteLength(record.name)).toBeLessThanOrEqual(4 * 255);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('with a name that points to itself are refused', () => {
    const header = [0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    const rest = [0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12];
    expect(decodeDnsMessage(Uint8Array.from([...header, 0xc0, 12, ...rest]))).toBeUndefined();
    expect(
      decodeDnsMessage(Uint8Array.from([...header, 1, 65, 0xc0, 12, ...rest])),
    ).toBeUndefined();
  });

  test('hold records of types that we do not know, which are stepped over', () => {
    const nsec = Buffer.from('00008400000000010000000000002f000100000078000400000000', 'hex');
    expect(decodeDnsMessage(nsec)).toEqual({ kind: 'response', ...empty });
  });

  test('claim 65,535 records at most on paper: no more than 512 are read', () => {
    const a = Buffer.from('c00c0001000100000078000401020304', 'hex');
    const header = Buffer.from('000084000000ffff00000000', 'hex');
    const first = Buffer.from('016100', 'hex');
    const many = Buffer.concat([header, first, a.subarray(2), ...new Array(600).fill(a)]);
    expect(decodeDnsMessage(many)?.answers).toHaveLength(512);
  });

  test('with a label of 64 octets, or an empty one, cannot be written', () => {
    for (const name of ['x'.repeat(64), 'a..b', `${'x'.repeat(63)}.`.repeat(4)]) {
      expect(() => encodeDnsMessage({ kind: 'query', questions: [{ name, type: 'PTR' }] })).toThrow(
        RangeError,
      );
    }
  });
});

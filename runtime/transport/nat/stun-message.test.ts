import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBindingAnswer, encodeBindingRequest } from './stun-message.ts';

/** RFC 5769 sections 2.2 and 2.3: SOFTWARE, XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT. */
const TRANSACTION = octets('b7e7a701 bc34d686 fa87dfae');
const IPV4_ANSWER = octets(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008 0001a147
  e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`);
const IPV6_ANSWER = octets(`
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014 0002a147
  0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004
  c8fb0b4c`);

function octets(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (each) => Number.parseInt(each, 16));
}

function answer(type: number, ...attributes: readonly (readonly number[])[]): Uint8Array {
  const body = attributes.flat();
  const length = [body.length >> 8, body.length & 0xff];
  return Uint8Array.from([
    type >> 8,
    type & 0xff,
    ...length,
    0x21,
    0x12,
    0xa4,
    0x42,
    ...TRANSACTION,
    ...body,
  ]);
}

test('a request is the header of RFC 8489 section 5 and nothing else', () => {
  const request = encodeBindingRequest(TRANSACTION);
  expect(request).toEqual(octets('00010000 2112a442 b7e7a701 bc34d686 fa87dfae'));
});

test('the answers of RFC 5769 are read', () => {
  expect(decodeBindingAnswer(IPV4_ANSWER, TRANSACTION)).toMatchObject({
    ok: true,
    value: { host: '192.0.2.1', port: 32_853 },
  });
  expect(decodeBindingAnswer(IPV6_ANSWER, TRANSACTION)).toMatchObject({
    ok: true,
    value: { host: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 },
  });
});

test('a server that knows MAPPED-ADDRESS only is understood; its IPv6 is written as everywhere', () => {
  const plain = [
    0, 1, 0, 20, 0, 2, 0x12, 0x34, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
  ];
  expect(decodeBindingAnswer(answer(0x0101, plain), TRANSACTION)).toMatchObject({
    value: { host: '2001:db8::9', port: 0x1234 },
  });
});

test('what is no answer to this request is a fault', () => {
  const faults = [
    [new Uint8Array(0), 'notStun'],
    [new Uint8Array(600), 'notStun'],
    [IPV4_ANSWER.subarray(0, 76), 'malformed'],
    [answer(0x0111), 'refused'],
    [answer(0x0001), 'foreign'],
    [answer(0x0101), 'noAddress'],
    [answer(0x0101, [0, 32, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0]), 'noAddress'],
    [answer(0x0101, [0, 32, 0, 200, 0, 1, 0, 0]), 'malformed'],
  ] as const;
  for (const [bytes, fault] of faults) {
    expect(decodeBindingAnswer(bytes, TRANSACTION)).toEqual({ ok: false, fault });
  }
  const other = Uint8Array.from(TRANSACTION, (octet) => octet ^ 1);
  expect(decodeBindingAnswer(IPV4_ANSWER, other)).toEqual({ ok: false, fault: 'foreign' });
});

test('arbitrary octets, and answers with any octet changed, never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), fc.nat(255), (bytes, at, octet) => {
      decodeBindingAnswer(bytes, TRANSACTION);
      const changed = IPV4_ANSWER.slice();
      changed[at % changed.length] = octet;
      decodeBindingAnswer(changed, TRANSACTION);
      decodeBindingAnswer(Uint8Array.from([...IPV4_ANSWER.subarray(0, 20), ...bytes]), TRANSACTION);
    }),
  );
});

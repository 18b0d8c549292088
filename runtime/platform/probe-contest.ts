/**
 * Whose name it is: what we claim, who claims it too, and who goes on when two probe at the same time.
 * Pure. Spec: RFC 6762 sections 8.2 and 9.
 */
import type { ServiceAdvert } from '../ports/discovery.ts';
import { type DnsRecord, TYPE_NUMBERS } from './dns-message.ts';
import { sameName, splitName } from './dns-name.ts';
import { instanceDomain, serviceRecords } from './dns-sd-records.ts';

/** The records of the service's own name: those that a probe says it is about to use. */
export function claimsOf(advert: ServiceAdvert, host: string): DnsRecord[] {
  const name = instanceDomain(advert.name, advert.type);
  return serviceRecords(advert, host).filter((record) => sameName(record.name, name));
}

/** Whether it is of somebody else's service of that name. */
export function isRival(record: DnsRecord, advert: ServiceAdvert, host: string): boolean {
  return (
    record.type === 'SRV' &&
    record.ttl > 0 &&
    sameName(record.name, instanceDomain(advert.name, advert.type)) &&
    (record.data.port !== advert.port || !sameName(record.data.target, host))
  );
}

/** Positive when ours is the greater claim, 0 when they are the same, negative when we have to yield. */
export function compareClaims(ours: readonly DnsRecord[], theirs: readonly DnsRecord[]): number {
  const left = ours.map(claimOf).sort(Buffer.compare);
  const right = theirs.map(claimOf).sort(Buffer.compare);
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = Buffer.compare(left[at] as Buffer, right[at] as Buffer);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** The record's type, then its data as on the wire without name compression. The class is always IN. */
function claimOf(record: DnsRecord): Buffer {
  return Buffer.concat([Buffer.of(TYPE_NUMBERS[record.type]), dataOf(record)]);
}

function dataOf(record: DnsRecord): Buffer {
  switch (record.type) {
    case 'SRV': {
      const fixed = Buffer.alloc(6);
      fixed.writeUInt16BE(record.data.port, 4);
      return Buffer.concat([fixed, labels(record.data.target)]);
    }
    case 'TXT':
      return Buffer.concat(
        record.data.map((entry) => Buffer.concat([Buffer.of(entry.length), entry])),
      );
    case 'PTR':
      return labels(record.data);
    case 'A':
    case 'AAAA':
      // No such record is claimed for a service's name; by their text they are in some fixed order too.
      return Buffer.from(record.data);
  }
}

function labels(name: string): Buffer {
  const parts = splitName(name).map((label) => Buffer.from(label));
  return Buffer.concat([
    ...parts.map((part) => Buffer.concat([Buffer.of(Math.min(63, part.length)), part])),
    Buffer.of(0),
  ]);
}

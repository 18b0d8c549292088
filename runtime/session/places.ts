/**
 * Where boxes of a session may be reached: pure.
 *
 * Takes  what they say of themselves, what discovery found, and under which address others reached this one.
 * Gives  addresses to publish, and addresses to dial.
 */
import type { BoxId } from '../core/ensemble.ts';
import { boxOfPlace, placeOfBox } from '../transport/link/place.ts';
import { sameValue } from './equality.ts';
import type { FoundMember } from './found-sessions.ts';
import type { Wanted } from './mesh.ts';
import { MAX_ADDRESSES, type ParticipantEntry } from './participants-document.ts';

/** This box's own, those first that are known to have worked. */
export function ownAddresses(facts: {
  readonly box: BoxId;
  /** The one address it listens on, if it is one only. */
  readonly host: string | undefined;
  /** Under which others have reached it. */
  readonly seenAs: ReadonlySet<string>;
  readonly found: readonly FoundMember[];
}): string[] {
  const announced = facts.found
    .filter((member) => member.box === facts.box)
    .flatMap((own) => own.addresses);
  const given = facts.host === undefined ? [] : [facts.host];
  return (
    [...new Set([...given, ...facts.seenAs, ...announced])]
      // A zone means something on the box that named it only.
      .filter((address) => !address.includes('%'))
      .slice(0, MAX_ADDRESSES)
  );
}

/** Every other box that takes part, and where it may be. */
export function wantedPlaces(facts: {
  readonly box: BoxId;
  readonly entries: ReadonlyMap<BoxId, ParticipantEntry>;
  readonly found: readonly FoundMember[];
  readonly faint: (box: BoxId) => boolean;
  /** Boxes may be reached by way of the control plane, too. */
  readonly byServer: boolean;
}): ReadonlyMap<BoxId, Wanted> {
  const places = new Map<BoxId, Wanted>();
  const elsewhere = (id: BoxId) => (facts.byServer ? [placeOfBox(id)] : []);
  for (const [id, { present, addresses, linkPort }] of facts.entries) {
    if (id === facts.box || !present || linkPort === 0) continue;
    const known = addresses.map((host) => ({ host, port: linkPort }));
    // Who doesn't announce itself here is more likely elsewhere, where its addresses mean somebody else.
    places.set(id, { addresses: [...elsewhere(id), ...known], faint: facts.faint(id) });
  }
  for (const { box: id, addresses, port } of facts.found) {
    if (id === facts.box) continue;
    // What is announced now is fresher than what was written once.
    const fresh = addresses.map((host) => ({ host, port }));
    const known = (places.get(id)?.addresses ?? []).filter(
      (place) => !boxOfPlace(place) && !fresh.some((other) => sameValue(place, other)),
    );
    places.set(id, { addresses: [...fresh, ...known, ...elsewhere(id)], faint: false });
  }
  return places;
}

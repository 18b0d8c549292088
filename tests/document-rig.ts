/** Session documents with keys, for tests: boxes by name, and updates as anyone could make them. */
import type { BoxId, SessionId } from '../runtime/core/ensemble.ts';
import type { Identity } from '../runtime/privacy/identity.ts';
import { openSignedValues, signValue } from '../runtime/privacy/signed-value.ts';
import { clientIdOf } from '../runtime/session/client-id.ts';
import { type DocumentRules, openDocumentGate } from '../runtime/session/document-gate.ts';
import type { DocumentValue } from '../runtime/session/document-update.ts';
import { SignedDocument } from '../runtime/session/signed-document.ts';
import type { WriteCounter } from '../runtime/session/write-counter.ts';
import { identityOf, signatures } from './credentials-rig.ts';

export const SESSION = '5e'.repeat(16) as SessionId;

/** A counter that nothing is stored of. */
export function countFrom(first = 0): WriteCounter {
  let next = first;
  return {
    next: () => next++,
    atLeast(count) {
      next = Math.max(next, count);
    },
    settled: async () => {},
  };
}

/** The box of that name, and its replica of a document, with the gate before it. */
export function openReplica(
  name: string,
  rules: DocumentRules,
  init: {
    readonly prefix?: string;
    readonly from?: number;
    readonly session?: SessionId;
    /** Signs nothing and believes everything: for what is not about signatures. */
    readonly trusting?: boolean;
  } = {},
) {
  const real = identityOf(name);
  const identity = init.trusting ? { ...real, sign: () => new Uint8Array(64) } : real;
  const document = new SignedDocument({
    session: init.session ?? SESSION,
    identity,
    counter: countFrom(init.from),
    prefix: init.prefix ?? '',
  });
  const believing = { ...signatures, verify: () => true };
  const signedValues = openSignedValues({ signatures: init.trusting ? believing : signatures });
  const gate = openDocumentGate({ signedValues }, document, rules);
  return { identity, box: identity.box, document, gate };
}
export type Replica = ReturnType<typeof openReplica>;

/** Everything that is there, without signatures, sorted. */
export const contents = (document: SignedDocument): unknown =>
  document.boxes.map((box) => [box, sorted(document.valuesOf(box))]);

const sorted = (values: object): object =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));

/** A value as that box would sign it; `change` is what somebody else makes of it afterwards. */
export function signedAs(
  identity: Identity,
  what: { readonly key: string; readonly value: unknown; readonly count?: number } & {
    readonly root?: string;
    readonly session?: SessionId;
  },
  change: Partial<DocumentValue> = {},
): DocumentValue {
  const { key, value, count = 0, root = identity.box, session = SESSION } = what;
  const client = clientIdOf(identity.box, count);
  const place = { session, root, key, client, clock: 0, origin: undefined };
  return { client, root, key, stored: signValue(identity, place, value), ...change };
}

export const boxOf = (name: string): BoxId => identityOf(name).box;

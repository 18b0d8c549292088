/**
 * The gate before a document: what comes from outside is checked value by value before any of it is applied.
 *
 * Takes  updates from peers, in any order, as often as they like.
 * Gives  the document changed, or the reason why not; of a refused update nothing is applied.
 * Keeps  nothing. What is no news costs no verification.
 *
 * What gets in was signed by the box whose map it is in, for this session, this map, this key and this client id: whoever
 * passes it on can change nothing of it, move nothing, remove nothing, and bring nothing back, as an older value never
 * takes the place of a newer one.
 */
import type { BoxId } from '../core/ensemble.ts';
import { canonicalJson } from '../privacy/canonical-json.ts';
import type { SignedValues } from '../privacy/signed-value.ts';
import { isClientIdOf, samePrefix } from './client-id.ts';
import {
  type DecodedUpdate,
  type DocumentValue,
  decodeUpdate,
  encodedLength,
  type UpdateFault,
} from './document-update.ts';
import type { SignedDocument } from './signed-document.ts';

export interface DocumentRules {
  readonly maxRoots: number;
  /** Whether this version knows that key. Others are passed over. */
  isKey(key: string): boolean;
  /** Whether that may be the value of that key. */
  isValue(key: string, value: unknown): boolean;
}

export interface GateDeps {
  readonly signedValues: SignedValues;
  /** Default: decodeUpdate. Who runs many replicas in one process decodes once what all of them get. */
  readonly decode?: ((update: Uint8Array) => DecodedUpdate) | undefined;
}

export interface DocumentGate {
  /**
   * `origin` is who it came from, for the document's own listeners. `mayVerify` is asked before each verification.
   * Never throws at what `update` holds.
   */
  admit(update: Uint8Array, origin: unknown, mayVerify?: () => boolean): 'applied' | UpdateFault;
}

/** As we write it: with it, an update that is not full yet is not too long for others. */
const MAX_VALUE = 16_384;
/** However others write them, values in fewer octets than these are no longer than that. */
const SURELY_SHORT = 8_192;
/** What it costs, in verifications, that a box takes back what it said: the document is made anew. */
const TAKEN_BACK = 16;

export function openDocumentGate(
  deps: GateDeps,
  document: SignedDocument,
  rules: DocumentRules,
): DocumentGate {
  const { signedValues, decode = decodeUpdate } = deps;
  /** The values that are news, or the fault. */
  const check = (
    values: readonly DocumentValue[],
    octets: number,
    mayVerify: () => boolean,
  ): readonly DocumentValue[] | UpdateFault => {
    const news: DocumentValue[] = [];
    const fresh = new Set<BoxId>();
    for (const value of values) {
      const place = placeFor(value, fresh);
      if (place === 'none') continue;
      if (place === 'full') {
        document.passOver(value.client);
        continue;
      }
      if (place !== 'given') return place;
      if (!isNews(document, value)) continue;
      if (octets > SURELY_SHORT && encodedLength(value) > MAX_VALUE) return 'value';
      const { session } = document;
      const { root, key, client, stored } = value;
      const cost = document.at(root, key)?.client === client ? TAKEN_BACK : 1;
      for (let paid = 0; paid < cost; paid++) if (!mayVerify()) return 'rate';
      const at = { session, root, key, client, clock: 0, origin: undefined };
      const opened = signedValues.open(at, stored);
      if (!opened || document.rootOf(opened.author) !== root) return 'signature';
      if (!rules.isValue(key, opened.value)) return 'value';
      news.push(value);
    }
    return news;
  };

  /**
   * Whether there is room for that value here. Whoever brings one too many may have had room for it, as it came there
   * first: that is no fault of theirs.
   */
  const placeFor = (
    { root, key, client }: DocumentValue,
    fresh: Set<BoxId>,
  ): 'given' | 'none' | 'full' | UpdateFault => {
    const box = document.boxOf(root);
    if (!box) return 'root';
    if (!isClientIdOf(client, box)) return 'author';
    if (!rules.isKey(key)) return 'none';
    if (document.keysOf(root) > 0 || fresh.has(box)) return 'given';
    const boxes = [...document.boxes, ...fresh];
    // Their values could not be told apart.
    if (boxes.some((other) => samePrefix(other, box))) return 'none';
    if (boxes.length >= rules.maxRoots) return 'full';
    fresh.add(box);
    return 'given';
  };

  return {
    admit(update, origin, mayVerify = () => true) {
      const decoded = decode(update);
      if (!decoded.ok) return decoded.fault;
      const news = check(decoded.values, update.length, mayVerify);
      if (typeof news === 'string') return news;
      document.apply(news, origin);
      return 'applied';
    },
  };
}

/**
 * Two values that a box has given the same client id are a lie of that box to one of us: the lesser text stands, so that
 * everybody who hears of both ends up with the same one.
 */
function isNews(document: SignedDocument, { root, key, client, stored }: DocumentValue): boolean {
  const present = document.at(root, key);
  if (!present || present.client < client) return true;
  if (present.client > client || signatureIn(stored) === signatureIn(present.stored)) return false;
  return (canonicalJson(stored) ?? '') < (canonicalJson(present.stored) ?? '');
}

const signatureIn = (stored: unknown): unknown => (Array.isArray(stored) ? stored[2] : undefined);

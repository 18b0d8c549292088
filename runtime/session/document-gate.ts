/**
 * The gate before a shared document: what comes from outside is tried on a copy first.
 *
 * Takes  updates from peers, in any order, as often as they like.
 * Gives  the document changed, or the reason why not; the document itself never sees a refused update.
 * Keeps  a copy of the document that is level with it, made anew after each refusal.
 */
import * as Y from 'yjs';
import {
  checkPlace,
  type DocumentRules,
  inspectUpdate,
  MAX_KEYS,
  type UpdateFault,
} from './update-rules.ts';

/** 'incomplete': it builds on what is missing here, and was dropped. */
type Admission = 'applied' | 'incomplete' | UpdateFault;

export interface DocumentGate extends Disposable {
  /** `origin` is who it came from, for the document's own listeners. Never throws at what `update` holds. */
  admit(update: Uint8Array, origin: unknown): Admission;
}

export interface GateInit {
  readonly rules: DocumentRules;
  /** Draws another client id, when someone else's changes bear ours (one in 33 million restarts). */
  readonly drawClientId: () => number;
}

export function openDocumentGate(doc: Y.Doc, init: GateInit): DocumentGate {
  const { rules } = init;
  let copy = copyOf(doc);

  const follow = (update: Uint8Array): void => Y.applyUpdate(copy, update);
  doc.on('update', follow);

  const refuse = (admission: Admission): Admission => {
    copy.destroy();
    copy = copyOf(doc);
    return admission;
  };

  return {
    admit(update, origin) {
      const inspected = inspectUpdate(update, rules);
      if (!inspected.ok) return inspected.fault;
      const roots = new Set(copy.share.keys());
      for (const { parent } of inspected.items as readonly { parent: unknown }[]) {
        if (typeof parent === 'string') roots.add(parent);
      }
      if (roots.size > rules.maxRoots) return 'root';
      for (const root of roots) copy.getMap(root);

      let fault: UpdateFault | undefined;
      const judge = (transaction: Y.Transaction): void => {
        fault = checkTransaction(transaction, rules);
      };
      copy.on('afterTransaction', judge);
      try {
        Y.applyUpdate(copy, update);
      } catch {
        // Whatever the update did to the copy, the copy is thrown away.
        return refuse('malformed');
      } finally {
        copy.off('afterTransaction', judge);
      }
      if (fault) return refuse(fault);
      if (copy.store.pendingStructs || copy.store.pendingDs) return refuse('incomplete');

      const own = Y.getState(doc.store, doc.clientID);
      const ours = (item: Y.Item): boolean =>
        item.id.client === doc.clientID && item.id.clock + item.length > own;
      if (inspected.items.some(ours)) doc.clientID = init.drawClientId();
      Y.applyUpdate(doc, update, origin);
      return 'applied';
    },
    [Symbol.dispose]() {
      doc.off('update', follow);
      copy.destroy();
    },
  };
}

function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  // Refused as an author by inspectUpdate, so that nobody can bear it.
  copy.clientID = Number.MAX_SAFE_INTEGER;
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

/** Places that only became known by applying, and keys that would vanish. */
function checkTransaction(
  { doc, beforeState, afterState, changed }: Y.Transaction,
  rules: DocumentRules,
): UpdateFault | undefined {
  for (const [client, clock] of afterState) {
    const known = beforeState.get(client) ?? 0;
    const structs = doc.store.clients.get(client) ?? [];
    for (let at = structs.length - 1; at >= 0 && clock > known; at--) {
      const struct = structs[at];
      if (!struct || struct.id.clock + struct.length <= known) break;
      if (!(struct instanceof Y.Item)) return 'shape';
      const root = rootOf(struct.parent);
      const fault =
        root === undefined ? 'shape' : checkPlace(client, root, struct.parentSub, rules);
      if (fault) return fault;
    }
  }
  for (const [type, keys] of changed) {
    if (type._map.size > MAX_KEYS) return 'key';
    for (const key of keys) {
      const value = key === null ? undefined : type._map.get(key);
      if (!value || value.deleted) return 'erased';
    }
  }
  return undefined;
}

function rootOf(parent: Y.Item['parent']): string | undefined {
  if (!(parent instanceof Y.AbstractType) || parent._item !== null) return undefined;
  return Y.findRootTypeKey(parent);
}

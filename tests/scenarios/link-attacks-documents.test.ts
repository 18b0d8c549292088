/**
 * What a member who means harm can write to the documents: each attack as that box would sign it, at replicas of others.
 */
import { expect, test } from 'vitest';
import type { BoxId } from '../../runtime/core/ensemble.ts';
import type { EnsembleTime } from '../../runtime/core/time.ts';
import { ControlDocument, controlRules } from '../../runtime/session/control-document.ts';
import { MAX_STAMP } from '../../runtime/session/control-values.ts';
import { type DocumentValue, encodeUpdate } from '../../runtime/session/document-update.ts';
import { identityOf } from '../credentials-rig.ts';
import { openReplica, type Replica, signedAs } from '../document-rig.ts';

const PREFIX = 'control/';
const MALLORY = identityOf('mallory');

function openMember(name: string) {
  const replica = openReplica(name, controlRules, { prefix: PREFIX });
  const control = new ControlDocument(replica.document);
  return { ...replica, control };
}
const level = (...replicas: readonly Replica[]): void => {
  for (const from of replicas) {
    for (const to of replicas) {
      const lacking = from.document.missingIn(to.document.stateVector());
      expect(to.gate.admit(encodeUpdate(lacking), 'link')).toBe('applied');
    }
  }
};
const said = (key: string, value: unknown, count = 0): DocumentValue =>
  signedAs(MALLORY, { key, value, count, root: `${PREFIX}${MALLORY.box}` });
const tempo = (bpm: number) => ({ origin: 0 as EnsembleTime, bpm, beatsPerBar: 4 });

test('keys that every object has by its prototype bring nobody down', () => {
  const { gate, control } = openMember('ann');
  for (const key of ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf']) {
    expect(gate.admit(encodeUpdate([said(key, [1, true])]), 'link')).toBe('applied');
  }
  expect(control.registers.size).toBe(0);
});

test('who tells some boxes one thing and others another makes none of them cut off the other', () => {
  const [ann, ben] = [openMember('ann'), openMember('ben')];
  for (let index = 0; index < 32; index++) {
    ann.gate.admit(encodeUpdate([said(`a${index}`, index, index)]), 'link');
    ben.gate.admit(encodeUpdate([said(`b${index}`, index, 100 + index)]), 'link');
  }
  level(ann, ben);
  for (let index = 0; index < 250; index++) {
    for (const [{ gate }, name] of [
      [ann, 'a'],
      [ben, 'b'],
    ] as const) {
      const made = identityOf(`made up ${name} ${index}`);
      const root = `${PREFIX}${made.box}`;
      gate.admit(encodeUpdate([signedAs(made, { key: 'mode', value: [1, 'live'], root })]), 'link');
    }
  }
  level(ann, ben);
});

test('a box that claims to have the last word for good does not get it', () => {
  // The last words of who has the greatest id would stand against all others with the same stamp.
  for (const name of ['ann', 'ben', 'carl', 'dora', 'emil']) {
    const member = openMember(name);
    member.control.set({ timeline: tempo(100) });
    const update = encodeUpdate([said('timeline', [MAX_STAMP, tempo(400)], 2 ** 25 - 1)]);
    expect(member.gate.admit(update, 'link')).toBe('applied');
    member.control.set({ timeline: tempo(101) });
    expect(member.control.state.timeline.bpm).toBe(101);
    member.control.set({ timeline: tempo(102) });
    expect(member.control.state.timeline.bpm).toBe(102);
    const stamp = member.control.registers.get(member.box)?.timeline?.stamp ?? 0;
    expect(stamp).toBeLessThan(2 ** 26);
  }
});

test('after a claim to the last word the session can still be handed over and back', () => {
  const ann = openMember('ann');
  const ben = openMember('ben');
  const hosts = (): readonly BoxId[] => ann.control.authority.hosts.map(({ box }) => box);
  expect(hosts()).toEqual([]);
  ann.gate.admit(encodeUpdate([said('mode', [MAX_STAMP, 'live'], 5)]), 'link');
  level(ann, ben);
  ann.control.set({ host: ben.box });
  level(ann, ben);
  ben.control.set({ host: ann.box });
  level(ann, ben);
  const stampOf = (box: BoxId) => ann.control.registers.get(box)?.host?.stamp ?? 0;
  expect(stampOf(ben.box)).toBeGreaterThan(stampOf(ann.box));
});

test('beats beyond counting are refused', () => {
  const { gate } = openMember('ann');
  for (const beat of [2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 33]) {
    const update = encodeUpdate([said('timeline', [1, { ...tempo(120), beat }])]);
    expect(gate.admit(update, 'link')).toBe('value');
    const song = { start: beat, position: 0, countIn: 0 };
    expect(gate.admit(encodeUpdate([said('song', [1, song])]), 'link')).toBe('value');
  }
});

/**
 * Who may learn from which piece: `train` to learn, `dev` to tune, `kept` for the last word only.
 *
 * Split by what pieces have in common (drummer, song, performer, work), so that nobody is tested on who was learnt from.
 * Sets that no weights are trained on have no `train`. A group's split depends on its name alone.
 */
import type { DatasetName, Split } from './piece.ts';

/** Shares in hundredths of train and dev; the rest is kept. */
const SHARES: Readonly<Record<DatasetName, readonly [train: number, dev: number]>> = {
  groove: [0, 0],
  pop909: [80, 10],
  jtd_trio: [60, 20],
  freedoom: [70, 15],
  openmsx: [0, 50],
  jazzomat_solos: [0, 50],
  asap: [0, 50],
  nottingham: [0, 50],
  jsb: [0, 50],
};

export function splitOfGroup(set: DatasetName, group: string): Split {
  if (set === 'groove') return splitOfDrummer(group);
  const [train, dev] = SHARES[set];
  const drawn = hash(`${set}/${group}`) % 100;
  if (drawn < train) return 'train';
  return drawn < train + dev ? 'dev' : 'kept';
}

/**
 * `drummer/session`. The open part has four drummers: 1 and 8 (four fifths of the playing) are learnt from; 7 and 9 are not.
 * 9 alone is half an hour of rock, so the first session of 7 (another day, other styles) is kept with it and the other
 * two are tuned on. The ten grooves of `eval_session` are played by 1, 7 and 8 alike: see groove.ts.
 */
function splitOfDrummer(session: string): Split {
  const [drummer, day] = session.split('/');
  if (drummer === 'drummer9') return 'kept';
  if (drummer === 'drummer7') return day === 'session1' ? 'kept' : 'dev';
  return 'train';
}

/** FNV-1a with the finalizer of MurmurHash3. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x0100_0193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

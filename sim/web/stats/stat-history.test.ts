import { expect, test } from 'vitest';
import type { SimPrediction } from '../../app/prediction-protocol.ts';
import type { SimBoxStats, SimPeerStats } from '../../app/protocol.ts';
import { openStatHistory } from './stat-history.ts';

const peer = (participant: string, more: Partial<SimPeerStats> = {}): SimPeerStats => ({
  participant,
  name: participant,
  delayP50: 20,
  delayP95: 30,
  jitter: 3,
  loss: 0.02,
  rtt: 40,
  recovered: 0,
  buffer: 5,
  late: 0,
  prediction: null,
  ...more,
});
const counted = (notes: number, falseNotes: number): SimPrediction => ({
  ...{ wish: null, mode: 'auto', inUse: 'tight', reason: 'predictable', role: 'bass' },
  ...{ predictor: '', w20: 0.75, confidence: 0.8, predicted: 0, confirmed: 0, corrected: 0 },
  ...{ notes, falseNotes, late: 0, wet: 1, away: 60, carriedOn: null },
});
const stats = (...peers: SimPeerStats[]): SimBoxStats => ({
  sounding: 0,
  stuck: 0,
  played: 0,
  heard: 0,
  dropped: 0,
  peers,
});

test('every column is as long as the times, whoever comes and goes', () => {
  const history = openStatHistory();
  history.add(1_000, stats());
  history.add(1_500, stats(peer('a')));
  history.add(2_000, stats(peer('a'), peer('b')));
  history.add(2_500, stats(peer('b')));
  expect(history.times).toEqual([1, 1.5, 2, 2.5]);
  expect(history.column('a', 'delayP50')).toEqual([null, 20, 20, null]);
  expect(history.column('b', 'delayP95')).toEqual([null, null, 30, 30]);
});

test('loss is in percent, and what is not known is a gap', () => {
  const history = openStatHistory();
  history.add(0, stats(peer('a', { delayP50: null })));
  expect(history.column('a', 'loss')).toEqual([2]);
  expect(history.column('a', 'delayP50')).toEqual([null]);
});

test('a minute is kept, and a peer is forgotten a minute after it left', () => {
  const history = openStatHistory();
  history.add(0, stats(peer('a')));
  for (let i = 1; i <= 200; i++) history.add(i * 500, stats(peer('b')));
  expect(history.times).toHaveLength(120);
  expect(history.peers).toEqual(['b']);
  expect(history.column('b', 'jitter')).toHaveLength(120);
});

test('false notes are counted per hundred of the minute that is shown', () => {
  const history = openStatHistory();
  history.add(0, stats(peer('a')));
  expect(history.falsePer100('a')).toBeUndefined();
  history.add(500, stats(peer('a', { prediction: counted(100, 50) })));
  expect(history.falsePer100('a'), 'what was before is not of this minute').toBeUndefined();
  history.add(1_000, stats(peer('a', { prediction: counted(200, 54) })));
  expect(history.falsePer100('a')).toBe(4);
  expect(history.column('a', 'w20')).toEqual([null, 75, 75]);
});

test('a stream that begins anew counts from there', () => {
  const history = openStatHistory();
  history.add(0, stats(peer('a', { prediction: counted(1_000, 90) })));
  history.add(500, stats(peer('a', { prediction: counted(20, 0) })));
  history.add(1_000, stats(peer('a', { prediction: counted(50, 1) })));
  expect(history.falsePer100('a')).toBe(2);
});

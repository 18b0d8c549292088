import { expect, test } from 'vitest';
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
  ...more,
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

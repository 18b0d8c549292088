/**
 * The row at the top: link, peers, round trip and sounding notes at the left; recording, clock sync and lock at the right.
 */
import type { ParticipantRoute } from '../../core/ensemble.ts';
import type { Micros } from '../../core/time.ts';
import { BODY, textWidth } from '../font.ts';
import { CANVAS_WIDTH } from '../frame-buffer.ts';
import { CLOCK, CLOSED_LOCK, LINK_BARS, OPEN_LOCK, PERSON, RECORD, RELAY } from '../icons.ts';
import { inMillis } from '../wording.ts';
import type { Scene } from './scene.ts';

/** Ways to a participant that lead through somebody else. */
const ROUNDABOUT: ReadonlySet<ParticipantRoute> = new Set<ParticipantRoute>([
  'relayed',
  'tunnelled',
  'forwarded',
]);
/** The cell's rows over the capitals are cut off: figures only here. */
const TEXT_TOP: number = -BODY.capTop;

export function drawStatusRow(scene: Scene): void {
  const { canvas, model } = scene;
  drawLink(scene);
  const { session } = model;
  let left = 14;
  let right = CANVAS_WIDTH;
  if (session !== undefined) {
    const peers = session.participants.filter((one) => !one.self && one.connected);
    canvas.picture(PERSON, 14, 0);
    left = canvas.text(`${peers.length}`, 21, TEXT_TOP) + 6;
    const rtt = slowest(peers.map((peer) => peer.stats?.rtt));
    if (rtt !== undefined) left = canvas.text(inMillis(rtt), left, TEXT_TOP) + 6;
    right -= OPEN_LOCK.width;
    if (model.lock !== 'none') drawLock(scene, right);
    right -= CLOCK.width + 4;
    if (model.synced || scene.ticks(500) % 2 === 0) canvas.picture(CLOCK, right, 0);
    if (peers.some(({ route }) => route !== undefined && ROUNDABOUT.has(route))) {
      right -= RELAY.width + 4;
      canvas.picture(RELAY, right, 0);
    }
  } else if (model.lock !== 'none') {
    right -= OPEN_LOCK.width;
    drawLock(scene, right);
  }
  if (model.recording) {
    right -= textWidth('REC') + 4;
    canvas.text('REC', right, TEXT_TOP);
    right -= RECORD.width + 2;
    canvas.picture(RECORD, right, 1);
  }
  if (model.soundingNotes > 0) {
    const sounding = `♪${model.soundingNotes}`;
    if (left + textWidth(sounding) + 3 <= right) canvas.text(sounding, left, TEXT_TOP);
  }
}

function drawLock({ canvas, model }: Scene, x: number): void {
  canvas.picture(model.lock === 'closed' ? CLOSED_LOCK : OPEN_LOCK, x, 0);
}

function drawLink(scene: Scene): void {
  const { canvas, model } = scene;
  const [none, one, two, all] = LINK_BARS;
  switch (model.link) {
    case 'none':
      canvas.picture(none, 0, 0);
      return;
    case 'searching':
      canvas.picture([none, one, two, all][scene.ticks(300) % 4] ?? none, 0, 0);
      return;
    case 'degraded':
      canvas.picture(one, 0, 0);
      canvas.text('!', 10, TEXT_TOP);
      return;
    case 'up':
      canvas.picture(all, 0, 0);
  }
}

function slowest(times: readonly (Micros | undefined)[]): Micros | undefined {
  let most: Micros | undefined;
  for (const time of times) {
    if (time !== undefined && (most === undefined || time > most)) most = time;
  }
  return most;
}

import { expect, test } from 'vitest';
import { openSessionRig } from '../../tests/apple-midi-rig.ts';
import type { BoxId } from '../core/ensemble.ts';
import { fromMillis, fromSeconds } from '../core/time.ts';
import type { PredictionEngine } from '../prediction/engine.ts';
import type { SessionManager } from '../session/session-manager.ts';
import { openEnsembleClock } from '../transport/clock-sync/ensemble-clock.ts';
import { openPeerWiring } from './peer-wiring.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const BOX = 'b0'.repeat(16) as BoxId;

type ParticipantListener = Parameters<SessionManager['onParticipant']>[0];

test.each(['before', 'after'] as const)(
  'a participant that took another SSRC plays under its own name, whether its stream is there %s its link (item 2)',
  async (when) => {
    const rig = openSessionRig();
    const a = await rig.open(A);
    const b = await rig.open(B);
    let link: ParticipantListener = () => {};
    const nothing = { [Symbol.dispose]: () => {} };
    const session = {
      onParticipant: (listener: ParticipantListener) => {
        link = listener;
        return nothing;
      },
      onReference: () => nothing,
      reportStats: () => {},
    };
    const engine = { receive: () => {}, remove: () => {} };
    await using wiring = openPeerWiring({
      clock: rig.clock,
      rtp: a,
      session: session as unknown as SessionManager,
      engine: engine as unknown as PredictionEngine,
      ensembleClock: openEnsembleClock({ clock: rig.clock }),
    });
    // What it says of itself is not what it is known by here.
    const far = {
      peer: { box: BOX, ssrc: b.ssrc ^ 1, rtpPort: 5004 },
      remote: { host: B, port: 5008 },
      dialer: false,
    } as Parameters<ParticipantListener>[0];
    const linkUp = (): void => link(far, 'linked');
    if (when === 'after') linkUp();
    b.connect({ host: A, port: 5004 });
    await rig.run(fromSeconds(1));
    if (when === 'before') linkUp();
    expect(a.peers.map((peer) => wiring.sourceOf(peer))).toEqual([BOX]);
    expect(wiring.isBox(b.ssrc)).toBe(true);
    link(far, 'unlinked');
    await rig.run(fromMillis(100));
    expect(wiring.isBox(b.ssrc)).toBe(false);
    expect(rig.log).toContain(`${A}: box ${B} left local`);
  },
);

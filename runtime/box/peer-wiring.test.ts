import { describe, expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { openSessionRig, type SessionRig } from '../../tests/apple-midi-rig.ts';
import type { BoxId, EnsembleContext } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import { shortMessage } from '../core/midi-bytes.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant } from '../core/time.ts';
import type { PacketLane } from '../ports/peer-connection.ts';
import type { PredictionEngine } from '../prediction/engine.ts';
import type { ParticipantLink } from '../session/session.ts';
import type { SessionManager } from '../session/session-manager.ts';
import { openEnsembleClock } from '../transport/clock-sync/ensemble-clock.ts';
import { type LinkLanes, openLinkLanes } from '../transport/link/link-lanes.ts';
import { placeOfBox } from '../transport/link/place.ts';
import type { RtpMidiEndpoint } from '../transport/rtp-midi/endpoint.ts';
import { openPeerWiring, type PeerWiring } from './peer-wiring.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const BOX_A = 'a0'.repeat(16) as BoxId;
const BOX_B = 'b0'.repeat(16) as BoxId;
const WAY = fromMillis(10);
const NOTE = shortMessage(0x90, 60, 100) as MidiMessage;
const PEDAL = shortMessage(0xb0, 64, 127) as MidiMessage;

interface Side {
  readonly rtp: RtpMidiEndpoint;
  readonly lanes: LinkLanes;
  readonly wiring: PeerWiring;
  readonly heard: MidiMessage[];
  readonly removed: string[];
  link(far: ParticipantLink, state: 'linked' | 'unlinked'): void;
  mute(box: BoxId, on: boolean): void;
}

async function openSide(rig: SessionRig, host: string, self: BoxId): Promise<Side> {
  const { clock } = rig;
  const lanes = openLinkLanes(
    { clock, randomness: seededRandomness(host), network: rig.network.host(host).datagrams },
    { self },
  );
  const rtp = await rig.open(host, {}, host, lanes.network);
  const links = new Listeners<[ParticipantLink, 'linked' | 'unlinked']>();
  const contexts = new Listeners<[EnsembleContext | undefined]>();
  const session = {
    onParticipant: (listener: (link: ParticipantLink, state: 'linked' | 'unlinked') => void) =>
      links.add(listener),
    onContext: (listener: (context: EnsembleContext | undefined) => void) => contexts.add(listener),
    onReference: () => ({ [Symbol.dispose]: () => {} }),
    onRoutes: () => ({ [Symbol.dispose]: () => {} }),
    reportStats: () => {},
  };
  const heard: MidiMessage[] = [];
  const removed: string[] = [];
  const engine = {
    receive: (_source: string, message: MidiMessage) => heard.push(message),
    remove: (source: string) => removed.push(source),
    lose: (source: string) => removed.push(source),
  };
  const wiring = openPeerWiring(
    {
      clock,
      rtp,
      lanes,
      session: session as unknown as SessionManager,
      engine: engine as unknown as PredictionEngine,
      ensembleClock: openEnsembleClock({ clock }),
    },
    { self },
  );
  return {
    rtp,
    lanes,
    wiring,
    heard,
    removed,
    link: (far, state) => links.emit(far, state),
    mute: (box, on) =>
      contexts.emit({ participants: [{ id: box, muted: on }] } as unknown as EnsembleContext),
  };
}

/** The two ends of a lane; every packet takes `WAY`. */
function openLanes({ clock }: SessionRig): { readonly a: PacketLane; readonly b: PacketLane } {
  const end = (): { lane: PacketLane; told: Listeners<[Uint8Array, Instant]>; far: () => void } => {
    const told = new Listeners<[Uint8Array, Instant]>();
    const lane: PacketLane = {
      send: () => {},
      onPacket: (listener) => told.add(listener),
      unsent: 0,
    };
    return { lane, told, far: () => {} };
  };
  const a = end();
  const b = end();
  const from =
    (to: typeof a) =>
    (packet: Uint8Array, length: number = packet.length) => {
      const copy = packet.slice(0, length);
      const alarm = clock.alarm(() => {
        alarm[Symbol.dispose]();
        to.told.emit(copy, clock.now());
      });
      alarm.set((clock.now() + WAY) as Instant);
    };
  return { a: { ...a.lane, send: from(b) }, b: { ...b.lane, send: from(a) } };
}

const linkTo = (
  box: BoxId,
  { ssrc }: { readonly ssrc: number },
  rest: Partial<ParticipantLink>,
): ParticipantLink =>
  ({
    peer: { box, ssrc, boot: 1, rtpPort: 5004 },
    remote: { host: B, port: 5008 },
    dialer: false,
    secure: true,
    packets: undefined,
    route: undefined,
    cut: () => {},
    ...rest,
  }) as ParticipantLink;

describe('over an open link', () => {
  test.each(['before', 'after'] as const)(
    'a participant that took another SSRC plays under its own name, whether its stream is there %s its link (item 2)',
    async (when) => {
      const rig = openSessionRig();
      const a = await openSide(rig, A, BOX_A);
      const b = await rig.open(B);
      // What it says of itself is not what it is known by here.
      const far = linkTo(BOX_B, { ssrc: b.ssrc ^ 1 }, { secure: false });
      if (when === 'after') a.link(far, 'linked');
      b.connect({ host: A, port: 5004 });
      await rig.run(fromSeconds(1));
      if (when === 'before') a.link(far, 'linked');
      expect(a.rtp.peers.map((peer) => a.wiring.sourceOf(peer))).toEqual([BOX_B]);
      expect(a.wiring.isBox(b.ssrc)).toBe(true);
      a.link(far, 'unlinked');
      await rig.run(fromMillis(100));
      expect(a.wiring.isBox(b.ssrc)).toBe(false);
      expect(rig.log).toContain(`${A}: box ${B} left local`);
    },
  );
});

describe('over an encrypted link', () => {
  async function openPair() {
    const rig = openSessionRig('lan', fromMillis(1));
    const a = await openSide(rig, A, BOX_A);
    const b = await openSide(rig, B, BOX_B);
    const link = (): void => {
      const lane = openLanes(rig);
      a.link(linkTo(BOX_B, b.rtp, { packets: lane.a }), 'linked');
      b.link(linkTo(BOX_A, a.rtp, { packets: lane.b }), 'linked');
    };
    return { rig, a, b, link };
  }

  test('the first note is heard one way after the link is up from the invited side, three ways after it from the other', async () => {
    for (const [player, after] of [
      ['b', 2],
      ['a', 3],
    ] as const) {
      const { rig, a, b, link } = await openPair();
      link();
      const [from, to] = player === 'a' ? [a, b] : [b, a];
      await rig.run(fromMillis((after - 1) * 10 + 1));
      from.rtp.send(NOTE, rig.clock.now());
      await rig.run(WAY);
      await rig.run(fromMillis(1));
      expect(to.heard, player).toEqual([NOTE]);
    }
  });

  test('what it plays comes from its place only; the same SSRC from elsewhere is a stranger', async () => {
    const { rig, a, b, link } = await openPair();
    // Somebody who has heard the SSRC is quicker.
    const raw = await rig.raw('10.0.0.3', { ssrc: b.rtp.ssrc });
    await raw.join(rig, A);
    link();
    const [thief] = a.rtp.peers;
    expect(thief && a.wiring.sourceOf(thief)).toMatch(/^rtp-/);
    expect(a.wiring.peerOf(BOX_B)).toBeUndefined();
    expect(a.wiring.knows(placeOfBox(BOX_B))).toBe(true);
    expect(a.wiring.knows({ host: '10.0.0.3', port: 5_004 })).toBe(false);
  });

  test('another link to the same start of the box changes nothing for those who play; another start is another player', async () => {
    const { rig, a, b, link } = await openPair();
    link();
    await rig.run(fromSeconds(1));
    link();
    await rig.run(fromSeconds(1));
    b.rtp.send(NOTE, rig.clock.now());
    await rig.run(fromMillis(100));
    expect(a.heard).toEqual([NOTE]);
    expect(a.removed).toEqual([]);
    expect(rig.log.filter((line) => line.includes('left'))).toEqual([]);
    const again = linkTo(BOX_B, b.rtp, { packets: openLanes(rig).a });
    a.link({ ...again, peer: { ...again.peer, boot: 2 } }, 'linked');
    expect(a.removed).toContain(BOX_B);
  });

  test('who has packets passed on in the name of another is cut off', async () => {
    const { rig, a, b } = await openPair();
    const lane = openLanes(rig);
    const reasons: string[] = [];
    const cut = (reason: string): void => void reasons.push(reason);
    a.link(linkTo(BOX_B, b.rtp, { packets: lane.a, cut }), 'linked');
    const header = [0x80, 100, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1];
    const ids = [...Array(16).fill(0xc0), ...Array(16).fill(0xd0)];
    lane.b.send(Uint8Array.from([...header, ...ids, ...header, 0x90]));
    await rig.run(fromMillis(20));
    expect(reasons).toEqual(["it spoke in another box's name"]);
  });

  test('of a muted participant no note is played, and what sounds of it ends; its controllers go on', async () => {
    const { rig, a, b, link } = await openPair();
    link();
    await rig.run(fromSeconds(1));
    a.mute(BOX_B, true);
    expect(a.removed).toEqual([BOX_B]);
    for (const message of [NOTE, PEDAL]) b.rtp.send(message, rig.clock.now());
    await rig.run(fromMillis(100));
    expect(a.heard).toEqual([PEDAL]);
    a.mute(BOX_B, false);
    b.rtp.send(NOTE, rig.clock.now());
    await rig.run(fromMillis(100));
    expect(a.heard).toEqual([PEDAL, NOTE]);
  });
});

/**
 * A member of the band in this process: its box on a real network on loopback, behind a seeded bad one.
 *
 * Takes  what the members share: clock, output thread, discovery, pieces.
 * Gives  a BandMember.
 */

import type { Log } from '../../runtime/core/log.ts';
import type { Instant } from '../../runtime/core/time.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import type { OutputScheduler } from '../../runtime/platform/output-scheduler.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import type { Clock, WallClock } from '../../runtime/ports/clock.ts';
import type { Discovery } from '../../runtime/ports/discovery.ts';
import type { Models } from '../../runtime/prediction/predictor/models.ts';
import type { Settings } from '../../runtime/settings/settings.ts';
import { openMemoryStorage } from '../memory-storage.ts';
import type { MidiFileSong } from '../midi-file.ts';
import { openImpairedNetwork } from '../network/impaired-network.ts';
import { isProfileName, type ProfileName } from '../network/profiles.ts';
import { seededRandomness } from '../seeded-randomness.ts';
import { boxName, introduce } from './acquaintance.ts';
import { openLinks } from './links.ts';
import { openSimBox } from './sim-box.ts';
import type { BandMember } from './simulated-band.ts';

export interface LocalMemberDeps {
  readonly clock: Clock & WallClock;
  readonly log: Log;
  readonly scheduler: OutputScheduler;
  readonly discovery: Discovery;
  readonly song: (piece: string) => MidiFileSong | undefined;
  /** What predicts players. */
  readonly models: Models;
}

export interface LocalMemberInit {
  /** From 1. */
  readonly index: number;
  /** The instant that is 0 on the band's timeline. */
  readonly origin: Instant;
  readonly seed: number;
  readonly profile: ProfileName;
  readonly settings: Settings;
  readonly version: string;
  /** How many boxes there are in all. */
  readonly boxes: number;
  /** They do not know each other beforehand. */
  readonly strangers: boolean;
}

const LOOPBACK = '127.0.0.1';

export async function openLocalMember(
  deps: LocalMemberDeps,
  init: LocalMemberInit,
): Promise<BandMember> {
  const { clock, scheduler } = deps;
  const name = boxName(init.index);
  const randomness = seededRandomness(`${init.seed}/${name}`);
  const network = openImpairedNetwork(
    { clock, randomness, datagrams: openUdpNetwork({ clock }), streams: openTcpNetwork() },
    { profile: init.profile },
  );
  const settings: Settings = {
    ...init.settings,
    box: { ...init.settings.box, name },
    session: { ...init.settings.session, name: `${name}'s jam` },
    rtp: { ...init.settings.rtp, port: 0 },
    link: { ...init.settings.link, port: 0 },
  };
  const storage = openMemoryStorage();
  await introduce({ storage, wallClock: clock }, init);
  const links = await openLinks(
    { clock, log: deps.log, randomness, streams: network.streams },
    { settings, profile: init.profile, host: LOOPBACK },
  );
  return openSimBox(
    {
      clock,
      wallClock: clock,
      datagrams: network.datagrams,
      signatures: openNodeSignatures(),
      peers: links.peers,
      links,
      discovery: deps.discovery,
      storage,
      randomness,
      log: deps.log.child({ box: init.index }),
      models: deps.models,
      output: await scheduler.open({ kind: 'loop', name: 'Synth', onMessage: () => {} }),
      song: deps.song,
      setProfile: (profile, to) => {
        if (!isProfileName(profile)) return;
        for (const address of to ?? [undefined]) {
          network.setProfile(profile, address);
          links.setProfile(profile, address);
        }
      },
    },
    {
      index: init.index,
      origin: init.origin,
      settings,
      version: init.version,
      host: LOOPBACK,
      outputPriority: scheduler.priority,
    },
  );
}

/**
 * Checks of the way to the internet: the control server, and what kind of router stands between.
 */
import { openControlClient } from '../../runtime/control/client.ts';
import type { ControlPlane } from '../../runtime/control/control-plane.ts';
import { PortError } from '../../runtime/core/errors.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { lookUpHost } from '../../runtime/platform/host-lookup.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import { openSystemNetworkWatch } from '../../runtime/platform/system-network-watch.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import { openWsSockets } from '../../runtime/platform/ws-sockets.ts';
import { loadIdentity } from '../../runtime/privacy/identity.ts';
import type { Settings } from '../../runtime/settings/settings.ts';
import { type NatVerdict, probeNat } from '../../runtime/transport/nat/nat-verdict.ts';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { type Finding, ok, reasonOf, warn } from './finding.ts';

/** Whoever answers at all answers within this, in milliseconds. */
const PATIENCE = 5_000;

export async function checkInternet(
  { control }: Settings,
  software: string,
): Promise<readonly Finding[]> {
  const { server, certificate } = control;
  if (server === '') {
    return [ok('server', 'no control server is set; on a local network none is needed')];
  }
  const clock = openMonotonicClock();
  const randomness = systemRandomness;
  // A key of its own: with the box's, a box that runs beside this check would be signed out.
  const storage = openMemoryStorage();
  const signatures = openNodeSignatures();
  await using watch = openSystemNetworkWatch();
  try {
    const identity = await loadIdentity({ storage, randomness, signatures, log: silentLog });
    await using plane = openControlClient(
      { webSockets: openWsSockets(), identity, clock, randomness, log: silentLog, watch },
      { server, software, ...(certificate === '' ? {} : { certificate }) },
    );
    if (!(await online(plane))) {
      const remedy = 'check --control-server and the network; a local session needs no server';
      return [warn('server', `${server}: ${plane.problem || 'it does not answer'}`, remedy)];
    }
    const servers = await plane.iceServers();
    const verdict = await probeNat(
      { clock, randomness, datagrams: openUdpNetwork({ clock }), lookUp: lookUpHost },
      { servers, own: watch.addresses, online: true },
      AbortSignal.timeout(PATIENCE),
    );
    return [ok('server', `${server} answers`), natFinding(verdict)];
  } catch (failure) {
    const why = failure instanceof PortError ? failure.message : reasonOf(failure);
    return [warn('server', `${server}: ${why}`, 'check --control-server')];
  }
}

function natFinding({ kind, sentence, mapped }: NatVerdict): Finding {
  const seen = mapped === undefined ? '' : ` (seen as ${mapped.host})`;
  switch (kind) {
    case 'none':
    case 'open':
    case 'likelyOpen':
      return ok('nat', `${sentence}${seen}`);
    case 'strict':
      return warn('nat', `${sentence}${seen}`, 'have a TURN server ready; see the README');
    case 'blocked':
      return warn('nat', sentence, 'let UDP out of this network if you can');
    case 'unknown':
      return warn('nat', sentence, 'give the server a STUN address; see togthr server --help');
  }
}

function online(plane: ControlPlane): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), PATIENCE);
    const look = (): void => {
      if (plane.state !== 'online') return;
      clearTimeout(late);
      resolve(true);
    };
    plane.onState(look);
    look();
  });
}

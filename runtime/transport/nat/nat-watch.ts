/**
 * Keeps the verdict about this box's NAT up to date, for the network page.
 *
 * Takes  the control plane, which names the servers to ask, and changes of this machine's addresses.
 * Gives  the last verdict.
 * Keeps  one probe at a time; another after ANEW, or when the box comes online or moves.
 * Lane   4.
 */
import type { ControlPlane } from '../../control/control-plane.ts';
import { Teardown } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { after, fromSeconds } from '../../core/time.ts';
import { type NatProbeDeps, type NatVerdict, probeNat } from './nat-verdict.ts';

/** Routers keep their kind; people change networks. */
const ANEW = fromSeconds(600);
/** After coming online or moving: the network has settled. */
const SETTLED = fromSeconds(1);

export interface NatWatch extends AsyncDisposable {
  /** Undefined: not known yet. */
  readonly verdict: NatVerdict | undefined;
}

export interface NatWatchDeps extends NatProbeDeps {
  readonly log: Log;
  readonly controlPlane: Pick<ControlPlane, 'state' | 'onState' | 'iceServers'>;
  readonly watch: {
    readonly addresses: readonly string[];
    onChange(listener: () => void): Disposable;
  };
}

export function openNatWatch(deps: NatWatchDeps): NatWatch {
  const { clock, controlPlane, watch } = deps;
  const held = new Teardown();
  const end = new AbortController();
  let verdict: NatVerdict | undefined;
  let probing: Promise<void> = Promise.resolve();
  const soon = (): void => alarm.set(after(clock.now(), SETTLED));
  const probe = async (): Promise<void> => {
    if (controlPlane.state !== 'online' || end.signal.aborted) return;
    const servers = await controlPlane.iceServers();
    const init = { servers, own: watch.addresses, online: controlPlane.state === 'online' };
    verdict = await probeNat(deps, init, end.signal);
    alarm.set(after(clock.now(), ANEW));
  };
  const alarm = held.hold(
    clock.alarm(() => {
      probing = probing.then(probe).catch((failure: unknown) => {
        // Facts for people only: another change or coming online asks again.
        if (!end.signal.aborted) deps.log.info('no NAT verdict', { failure: String(failure) });
      });
    }),
  );
  held.hold(controlPlane.onState((state) => state === 'online' && soon()));
  held.hold(watch.onChange(soon));
  if (controlPlane.state === 'online') soon();
  return {
    get verdict() {
      return verdict;
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await held[Symbol.asyncDispose]();
      await probing;
    },
  };
}

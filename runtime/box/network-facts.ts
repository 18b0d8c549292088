/**
 * What the panel's network page says, read when it is shown. Lane 4.
 */
import type { ControlPlane } from '../control/control-plane.ts';
import type { PanelNetwork } from '../panel/joining-model.ts';

export interface NetworkFactsDeps {
  /** Undefined: no server is set. */
  readonly control: Pick<ControlPlane, 'state' | 'problem'> | undefined;
  /** Own addresses but loopback; undefined: nobody looks. */
  readonly addresses: (() => readonly string[]) | undefined;
  /** What is between the box and the internet, in words. */
  readonly verdict: () => PanelNetwork['verdict'];
}

export interface NetworkFactsInit {
  readonly server: string;
  readonly security: PanelNetwork['security'];
}

export function networkFacts(deps: NetworkFactsDeps, init: NetworkFactsInit): PanelNetwork {
  const { control } = deps;
  return {
    addresses: deps.addresses?.(),
    verdict: deps.verdict(),
    server: {
      address: init.server.replace(/^[a-z]+:\/\//, ''),
      state: control?.state ?? 'off',
      problem: control?.problem ?? '',
    },
    security: init.security,
  };
}

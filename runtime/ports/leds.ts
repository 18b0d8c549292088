export type Led = 'link' | 'activity';

/** The two LEDs of the panel. Contract: tests/contracts/leds.contract.ts. */
export interface Leds extends AsyncDisposable {
  /** 0 is dark, 1 is full. Values outside are clamped. Never blocks. */
  set(led: Led, level: number): void;
}

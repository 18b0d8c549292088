/** What the panel's wiring is made from: the rooms it reads and calls, and what it is told. */
import type { MidiManager } from '../midi-manager/midi-manager.ts';
import type { OutputManager } from '../output/output-manager.ts';
import type { PanelNetwork } from '../panel/joining-model.ts';
import type { SettingValue } from '../panel/panel-model.ts';
import type { Clock } from '../ports/clock.ts';
import type { Display } from '../ports/display.ts';
import type { Encoder } from '../ports/encoder.ts';
import type { Leds } from '../ports/leds.ts';
import type { PredictionEngine } from '../prediction/engine.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { Settings } from '../settings/settings.ts';
import type { ClickMode } from '../timeline/metronome.ts';
import type { EnsembleClock } from '../transport/clock-sync/ensemble-clock.ts';
import type { RtpMidiEndpoint } from '../transport/rtp-midi/endpoint.ts';
import type { PeerWiring } from './peer-wiring.ts';
import type { SessionFlow } from './session-flow.ts';

export interface PanelWiringDeps {
  readonly clock: Clock;
  readonly display: Display;
  readonly encoder: Encoder;
  readonly leds: Leds;
  readonly session: SessionManager;
  readonly flow: SessionFlow;
  readonly engine: PredictionEngine;
  readonly ensembleClock: EnsembleClock;
  readonly output: OutputManager;
  readonly midi: MidiManager;
  readonly rtp: RtpMidiEndpoint;
  readonly peers: PeerWiring;
  panic(): void;
}

export interface PanelWiringInit {
  readonly settings: Settings;
  readonly version: string;
  /** What the box knows of the networks it is on, read when it is shown. */
  readonly network: () => PanelNetwork;
  readonly about: () => readonly { readonly label: string; readonly value: string }[];
  readonly power: Readonly<Partial<Record<'restart' | 'shutdown', () => void>>>;
  /** Names of the devices that are plugged in. */
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
  readonly setThru: (on: boolean) => void;
  readonly setClick: (mode: ClickMode) => void;
  readonly onSetting: (key: string, value: SettingValue) => void;
}

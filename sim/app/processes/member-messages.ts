/**
 * What the band and a member in a process of its own say to each other over the process's IPC channel (structured
 * clones: both ends are this program, so nothing is parsed).
 */
import type { FoundService, ServiceAdvert, ServiceType } from '../../../runtime/ports/discovery.ts';
import type { Settings } from '../../../runtime/settings/settings.ts';
import type { ProfileName } from '../../network/profiles.ts';
import type { SimHearing } from '../host.ts';
import type { SimFate, SimForecast } from '../prediction-protocol.ts';
import type {
  SimBoxStats,
  SimControl,
  SimLeds,
  SimNote,
  SimPlayerState,
  SimSession,
} from '../protocol.ts';
import type { SongTime } from '../simulated-band.ts';

/** Everything a member needs to open. */
export interface MemberStart {
  readonly index: number;
  /** The band's time 0, in microseconds since 1970: each process has its own monotonic origin. */
  readonly origin: number;
  readonly seed: number;
  readonly profile: ProfileName;
  readonly settings: Settings;
  readonly version: string;
  /** How many boxes there are in all, and whether they know each other. */
  readonly boxes: number;
  readonly strangers: boolean;
  /** Paths of files beside the bundled pieces. */
  readonly files: readonly string[];
}

/** A wish that has an answer. */
export type MemberCall =
  | { readonly kind: 'open'; readonly start: MemberStart }
  | { readonly kind: 'create' }
  | { readonly kind: 'join'; readonly session: string }
  | { readonly kind: 'close' };

export type ToMember =
  | { readonly kind: 'call'; readonly id: number; readonly call: MemberCall }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'turn'; readonly detents: number }
  | { readonly kind: 'press' }
  | { readonly kind: 'release' }
  | { readonly kind: 'play'; readonly bytes: Uint8Array }
  | { readonly kind: 'panic' }
  | { readonly kind: 'hear'; readonly participant: string; readonly how: SimHearing }
  | { readonly kind: 'watch'; readonly on: boolean }
  | {
      readonly kind: 'playAt';
      readonly piece: string;
      readonly tracks: readonly number[];
      readonly loop: boolean;
      readonly at: number;
    }
  | { readonly kind: 'conduct'; readonly time: SongTime | undefined }
  | { readonly kind: 'stop' }
  | { readonly kind: 'setLoop'; readonly loop: boolean }
  | {
      readonly kind: 'setProfile';
      readonly name: string;
      readonly to: string | undefined;
    }
  | {
      readonly kind: 'found';
      readonly type: ServiceType;
      readonly services: readonly FoundService[];
    }
  | { readonly kind: 'announced'; readonly id: number; readonly name: string };

/** What a member is, once open. */
export interface MemberFacts {
  readonly id: string;
  readonly name: string;
}

export type FromMember =
  | { readonly kind: 'answer'; readonly id: number; readonly facts: MemberFacts | undefined }
  | {
      readonly kind: 'failure';
      readonly id: number;
      /** A PortError's code; undefined: another exception. */
      readonly code: string | undefined;
      readonly message: string;
    }
  | { readonly kind: 'frame'; readonly frame: Uint8Array; readonly brightness: number }
  | { readonly kind: 'leds'; readonly leds: SimLeds }
  | { readonly kind: 'note'; readonly note: SimNote }
  | { readonly kind: 'control'; readonly control: SimControl }
  | { readonly kind: 'session'; readonly session: SimSession | undefined }
  | { readonly kind: 'player'; readonly state: SimPlayerState }
  | { readonly kind: 'fate'; readonly fate: SimFate }
  | { readonly kind: 'forecast'; readonly forecast: SimForecast }
  | { readonly kind: 'stats'; readonly stats: SimBoxStats; readonly hears: readonly string[] }
  | { readonly kind: 'announce'; readonly id: number; readonly advert: ServiceAdvert }
  | { readonly kind: 'update'; readonly id: number; readonly txt: Readonly<Record<string, string>> }
  | { readonly kind: 'withdraw'; readonly id: number }
  | { readonly kind: 'browse'; readonly type: ServiceType };

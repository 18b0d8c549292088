import type { SettingsFile } from '../runtime/platform/settings-file.ts';
import type { PeerTarget } from './rtp-peer.ts';

/** What `togthr run` was asked for beside the settings. */
export interface RunOptions {
  readonly version: string;
  /** For identity, documents and captures; made when it is missing. */
  readonly dataFolder: string;
  /** Where changes made on the panel are kept. */
  readonly settingsFile: SettingsFile;
  /** What was wrong with the settings and was got over: for the log and the panel. */
  readonly warnings: readonly string[];
  readonly start: RunStart;
  /** RTP-MIDI peers to invite, besides those that are remembered. */
  readonly connect: readonly PeerTarget[];
}

/** What the box does by itself once it runs. */
export type RunStart =
  /** The last session again, if the settings say so and there is one. */
  | { readonly kind: 'rejoin' }
  | { readonly kind: 'create' }
  /** The first session found with this name; undefined: any. */
  | { readonly kind: 'join'; readonly name: string | undefined }
  /** The session behind an invitation's link. */
  | { readonly kind: 'invited'; readonly link: string }
  | { readonly kind: 'alone' };

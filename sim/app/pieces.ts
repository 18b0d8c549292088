/**
 * The music that the simulator can play: the bundled pieces and files that the user named.
 *
 * Takes  paths of Standard MIDI Files.
 * Gives  songs by id, with what the page shows of them; or PortError that names the file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortError } from '../../runtime/core/errors.ts';
import { toSeconds } from '../../runtime/core/time.ts';
import { type MidiFileSong, type MidiFileTrack, readMidiFile } from '../midi-file.ts';
import type { PieceInfo } from './protocol.ts';

/** Beside this file's folder as source, and from build/sim/app when built. */
const FOLDERS = ['../pieces/', '../../../sim/pieces/'];
const SUFFIX = '.mid';

export class PieceLibrary {
  readonly #songs = new Map<string, { readonly title: string; readonly song: MidiFileSong }>();

  song(id: string): MidiFileSong | undefined {
    return this.#songs.get(id)?.song;
  }

  get pieces(): readonly PieceInfo[] {
    return Array.from(this.#songs, ([id, { title, song }]) => ({
      id,
      title,
      seconds: toSeconds(song.duration),
      tracks: song.tracks.map((track, index) => ({
        name: track.name || `Track ${index + 1}`,
        channel: firstChannel(track),
      })),
    }));
  }

  /** Its id is the path as typed. */
  addFile(path: string): MidiFileSong {
    const song = readSong(path);
    this.#songs.set(path, { title: basename(path, SUFFIX), song });
    return song;
  }

  /** All bundled pieces; their ids are their file names without `.mid`. */
  addBundled(): void {
    for (const folder of FOLDERS) {
      const path = fileURLToPath(new URL(folder, import.meta.url));
      const files = filesIn(path);
      for (const file of files) {
        const id = basename(file, SUFFIX);
        this.#songs.set(id, { title: titleOf(id), song: readSong(join(path, file)) });
      }
      if (files.length > 0) return;
    }
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(SUFFIX))
      .sort();
  } catch {
    return []; // not this one: built and source lie in different places
  }
}

function readSong(path: string): MidiFileSong {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const why = reason === 'ENOENT' ? 'there is no such file' : `it can't be read (${reason})`;
    throw new PortError('invalid', `${path}: ${why}; name a Standard MIDI File`, { cause });
  }
  try {
    return readMidiFile(bytes);
  } catch (failure) {
    if (!(failure instanceof PortError)) throw failure;
    throw new PortError(failure.code, `${path}: ${failure.message}`, { cause: failure });
  }
}

function firstChannel(track: MidiFileTrack): number {
  for (const { message } of track.events) if ('channel' in message) return message.channel;
  return 0;
}

/** `late-train` is "Late train" for people. */
function titleOf(id: string): string {
  const words = id.replaceAll(/[-_]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

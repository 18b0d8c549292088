/**
 * A simulator host without boxes behind it: for tests of the server and for work on the page.
 *
 * Takes  what a test makes happen (`note`, `show` and so on).
 * Gives  a SimulatorHost; `calls` lists in words what pages did to it.
 */
import { Listeners } from '../../runtime/core/listeners.ts';
import {
  NO_STATS,
  type SimBoxHandle,
  type SimPlayer,
  type SimulatorHost,
  STOPPED,
} from './host.ts';
import type { SimFate, SimForecast } from './prediction-protocol.ts';
import type {
  SimBoxStats,
  SimControl,
  SimLeds,
  SimNote,
  SimNotice,
  SimPlayerState,
  SimSession,
} from './protocol.ts';

interface ScriptedBox extends SimBoxHandle {
  readonly frame: Uint8Array;
  setStats(stats: SimBoxStats): void;
  setLeds(leds: SimLeds): void;
  setSession(session: SimSession | undefined): void;
  setPlayer(state: SimPlayerState): void;
  show(frame: Uint8Array, brightness: number): void;
  note(note: SimNote): void;
  control(control: SimControl): void;
  fate(fate: SimFate): void;
  forecast(forecast: SimForecast): void;
}

export interface ScriptedHost extends SimulatorHost {
  readonly boxes: readonly ScriptedBox[];
  readonly calls: string[];
  /** Which boxes' engines began and ended to be looked into; no page does that by hand. */
  readonly watches: string[];
  notice(notice: SimNotice): void;
}

export interface ScriptedInit {
  readonly boxes?: number;
  readonly now?: () => number;
  /** Told of MIDI that a page plays, before it is listed. */
  readonly onPlay?: (box: ScriptedBox, bytes: Uint8Array) => void;
  readonly onCall?: (call: string) => void;
}

export function openScriptedHost(init: ScriptedInit = {}): ScriptedHost {
  const calls: string[] = [];
  const watches: string[] = [];
  const notices = new Listeners<[SimNotice]>();
  const profileListeners = new Listeners<[string]>();
  let profile = 'wifi';
  const call = (text: string): void => {
    calls.push(text);
    init.onCall?.(text);
  };
  const boxes = Array.from({ length: init.boxes ?? 2 }, (_, i) =>
    openBox(i + 1, call, (watched) => watches.push(watched), init.onPlay),
  );
  return {
    version: '0.0.0',
    acquainted: true,
    boxes,
    calls,
    watches,
    profiles: [
      { name: 'lan', about: '1 ms' },
      { name: 'wifi', about: '4 ms, 0.3 % lost' },
      { name: 'transatlantic', about: '110 ms, 0.6 % lost' },
    ],
    get profile() {
      return profile;
    },
    setProfile(name, between) {
      call(between ? `profile ${name} ${between.from}>${between.to}` : `profile ${name}`);
      if (between) return;
      profile = name;
      profileListeners.emit(name);
    },
    onProfile: (listener) => profileListeners.add(listener),
    pieces: [
      {
        id: 'canon',
        title: 'Canon',
        seconds: 42,
        tracks: [
          { name: 'Drums', channel: 9 },
          { name: 'Bass', channel: 1 },
        ],
      },
    ],
    playTogether: (piece, loop) => call(`together ${piece} ${loop}`),
    stopTogether: () => call('together stop'),
    now: init.now ?? (() => performance.now()),
    onNotice: (listener) => notices.add(listener),
    notice: (notice) => notices.emit(notice),
  };
}

function openBox(
  index: number,
  call: (text: string) => void,
  watched: (text: string) => void,
  onPlay: ScriptedInit['onPlay'],
): ScriptedBox {
  const frames = new Listeners<[Uint8Array, number]>();
  const ledListeners = new Listeners<[SimLeds]>();
  const notes = new Listeners<[SimNote]>();
  const controls = new Listeners<[SimControl]>();
  const sessions = new Listeners<[SimSession | undefined]>();
  const players = new Listeners<[SimPlayerState]>();
  const fates = new Listeners<[SimFate]>();
  const forecasts = new Listeners<[SimForecast]>();
  let stats = NO_STATS;
  let leds: SimLeds = { link: 0, activity: 0 };
  let session: SimSession | undefined;
  let playerState = STOPPED;
  let frame: Uint8Array = new Uint8Array(1_024);
  let brightness = 1;

  const player: SimPlayer = {
    get state() {
      return playerState;
    },
    play: (piece, track, loop) => call(`${index} player ${piece} ${track} ${loop}`),
    stop: () => call(`${index} player stop`),
    setLoop: (loop) => call(`${index} player loop ${loop}`),
    onState: (listener) => players.add(listener),
  };
  const box: ScriptedBox = {
    index,
    id: String(index).repeat(32),
    name: `Box ${index}`,
    get frame() {
      return frame;
    },
    get brightness() {
      return brightness;
    },
    get leds() {
      return leds;
    },
    get session() {
      return session;
    },
    player,
    turn: (detents) => call(`${index} turn ${detents}`),
    press: () => call(`${index} press`),
    release: () => call(`${index} release`),
    play(bytes) {
      onPlay?.(box, bytes);
      call(`${index} midi ${Buffer.from(bytes).toString('hex')}`);
    },
    panic: () => call(`${index} panic`),
    hear: (participant, how) => call(`${index} hear ${participant} ${JSON.stringify(how)}`),
    watch: (on) => watched(`${index} ${on}`),
    stats: () => stats,
    onFrame: (listener) => frames.add(listener),
    onLeds: (listener) => ledListeners.add(listener),
    onNote: (listener) => notes.add(listener),
    onControl: (listener) => controls.add(listener),
    onSession: (listener) => sessions.add(listener),
    onFate: (listener) => fates.add(listener),
    onForecast: (listener) => forecasts.add(listener),
    setStats(next) {
      stats = next;
    },
    setLeds(next) {
      leds = next;
      ledListeners.emit(next);
    },
    setSession(next) {
      session = next;
      sessions.emit(next);
    },
    setPlayer(next) {
      playerState = next;
      players.emit(next);
    },
    show(next, level) {
      frame = next.slice();
      brightness = level;
      frames.emit(frame, brightness);
    },
    note(note) {
      // As a box does: its figures tell of the notes that it told.
      if (note.kind === 'heard') {
        stats = { ...stats, sounding: Math.max(0, stats.sounding + (note.on ? 1 : -1)) };
      }
      notes.emit(note);
    },
    control: (control) => controls.emit(control),
    fate: (fate) => fates.emit(fate),
    forecast: (forecast) => forecasts.emit(forecast),
  };
  return box;
}

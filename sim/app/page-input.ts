/**
 * What one page does to the boxes: its knobs, keys and choices.
 *
 * Takes  text from the page's socket, anything at all.
 * Gives  calls on the host; `problem` tells the page what it got wrong.
 * Keeps  what the page holds (keys, pedals, knobs) and lets it go on dispose: a page closed in mid-jam leaves no note.
 *        A token bucket: a message costs 1 and a malformed one 50; a page that has used up its tokens is a flood.
 */

import { type ClientMessage, parseClientMessage, type Wanted } from './client-messages.ts';
import { type HeldNotes, trackHeldNotes } from './held-notes.ts';
import type { SimBoxHandle, SimulatorHost } from './host.ts';

export interface PageInputDeps {
  readonly host: SimulatorHost;
  /** Real milliseconds that never go backwards. */
  readonly now: () => number;
  readonly problem: (text: string) => void;
  readonly subscribe: (wanted: Wanted) => void;
  /** The page has just played on this box: its player waits for the echo. */
  readonly touched: (box: number) => void;
  /** Boxes whose knob some page presses, shared by all pages: a knob has room for one finger. */
  readonly pressed: Set<number>;
}

export interface PageInputInit {
  /** Messages a second that a page may keep up; a MIDI cable carries about 1000. */
  readonly rate?: number;
  readonly burst?: number;
}

export interface PageInput extends Disposable {
  receive(text: string): 'taken' | 'malformed' | 'flood';
  /** Keys that this page holds, on all boxes. */
  readonly held: number;
}

const MALFORMED_COST = 50;

export function openPageInput(deps: PageInputDeps, init: PageInputInit = {}): PageInput {
  const { host, problem } = deps;
  const rate = init.rate ?? 2_000;
  const burst = init.burst ?? 4_000;
  const held = new Map<number, HeldNotes>();
  const pressing = new Set<number>();
  let tokens = burst;
  let filledAt = deps.now();

  const spend = (cost: number): boolean => {
    const now = deps.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1_000) * rate);
    filledAt = now;
    tokens -= cost;
    return tokens >= 0;
  };

  const boxAt = (index: number): SimBoxHandle | undefined => {
    const box = host.boxes.find((candidate) => candidate.index === index);
    if (!box) problem(`There is no box ${index}: this simulator runs ${host.boxes.length}.`);
    return box;
  };

  const heldOn = (box: number): HeldNotes => {
    const known = held.get(box);
    if (known) return known;
    const fresh = trackHeldNotes();
    held.set(box, fresh);
    return fresh;
  };

  const act = (message: ClientMessage): void => {
    switch (message.kind) {
      case 'turn':
        boxAt(message.box)?.turn(message.detents);
        return;
      case 'press': {
        const box = boxAt(message.box);
        if (!box || deps.pressed.has(message.box)) return;
        deps.pressed.add(message.box);
        pressing.add(message.box);
        box.press();
        return;
      }
      case 'release':
        if (!pressing.delete(message.box)) return;
        deps.pressed.delete(message.box);
        boxAt(message.box)?.release();
        return;
      case 'midi': {
        const box = boxAt(message.box);
        if (!box) return;
        const bytes = fromHex(message.bytes);
        if (!heldOn(message.box).follow(bytes)) {
          problem('These were not whole MIDI messages: nothing was played.');
          return;
        }
        box.play(bytes);
        deps.touched(message.box);
        return;
      }
      case 'profile':
        if (!host.profiles.some((profile) => profile.name === message.name)) {
          problem('There is no such network profile.');
        } else if (message.from !== undefined && message.to !== undefined) {
          if (boxAt(message.from) && boxAt(message.to)) {
            host.setProfile(message.name, { from: message.from, to: message.to });
          }
        } else {
          host.setProfile(message.name);
        }
        return;
      case 'player':
        play(message);
        return;
      case 'together':
        if (message.action === 'stop') host.stopTogether();
        else if (host.pieces.some((piece) => piece.id === message.piece)) {
          host.playTogether(message.piece, message.loop);
        } else problem('There is no such piece.');
        return;
      case 'panic':
        if (message.box !== undefined) boxAt(message.box)?.panic();
        else for (const box of host.boxes) box.panic();
        return;
      case 'hear':
        hear(message);
        return;
      case 'subscribe':
        deps.subscribe({
          displays: message.displays,
          notes: message.notes,
          stats: message.stats,
          watch: message.watch,
        });
        return;
    }
  };

  const hear = (message: ClientMessage & { readonly kind: 'hear' }): void => {
    const box = boxAt(message.box);
    const { participant, mode, wet } = message;
    if (!box) return;
    if (box.session?.participants.some(({ id }) => id === participant) === true) {
      box.hear(participant, { mode, wet });
    } else problem(`Nobody of that name is in the session of ${box.name}.`);
  };

  const play = (message: ClientMessage & { readonly kind: 'player' }): void => {
    const player = boxAt(message.box)?.player;
    if (!player) return;
    switch (message.action) {
      case 'stop':
        player.stop();
        return;
      case 'loop':
        player.setLoop(message.loop ?? true);
        return;
      case 'play': {
        const piece = host.pieces.find((candidate) => candidate.id === message.piece);
        const track = message.track ?? 0;
        if (!piece) problem('There is no such piece.');
        else if (track >= piece.tracks.length) problem('The piece has no such part.');
        else player.play(piece.id, track, message.loop ?? false);
        return;
      }
    }
  };

  return {
    receive(text) {
      const parsed = parseClientMessage(text);
      if (!spend(parsed.ok ? 1 : MALFORMED_COST)) return 'flood';
      if (!parsed.ok) {
        problem(`A message was refused: ${parsed.fault}.`);
        return 'malformed';
      }
      act(parsed.message);
      return 'taken';
    },
    get held() {
      let keys = 0;
      for (const notes of held.values()) keys += notes.size;
      return keys;
    },
    [Symbol.dispose]() {
      for (const box of host.boxes) {
        const ends = held.get(box.index)?.release();
        if (ends && ends.length > 0) box.play(ends);
        if (pressing.delete(box.index)) {
          deps.pressed.delete(box.index);
          box.release();
        }
      }
    },
  };
}

function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/**
 * Everything the boxes show and sound, as messages to any number of pages.
 *
 * Takes  the host's listeners.
 * Gives  text on each page's socket: at once on `attach`, then on each `flush`.
 * Keeps  for each page which *state* it has not seen (display, LEDs, player, session, profile): only the latest is ever
 *        sent, so a slow page loses no state. Notes and statistics are *events*: a page with more than SLOW_BYTES unsent
 *        loses them (drop policy "newest batch", told in `skipped`). Nothing here waits for a page. A box's engine is looked
 *        into only while a page watches that box; a slow page misses forecasts, which are told anew with every beat.
 */

import { openBoxBatch } from './box-batch.ts';
import type { Wanted } from './client-messages.ts';
import type { SimulatorHost } from './host.ts';
import { PROTOCOL_VERSION, type ServerMessage } from './protocol.ts';

/** A WebSocket, as narrow as the need. */
export interface PageSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
}

interface FedPage extends Disposable {
  want(wanted: Wanted): void;
  /** A notice for this page only; dropped when it is slow. */
  tell(level: 'info' | 'warn' | 'error', text: string): void;
  /** Events that this page was too slow to take. */
  readonly dropped: number;
}

export interface PageFeed extends Disposable {
  attach(socket: PageSocket): FedPage;
  /** Notes since the last call; also states when `states`, also statistics when `stats`. */
  flush(due: { readonly states: boolean; readonly stats: boolean }): void;
}

/** Unsent octets from which a page counts as slow: about a second of dense playing by eight boxes. */
export const SLOW_BYTES: number = 256 * 1024;

interface Page extends FedPage {
  readonly socket: PageSocket;
  wanted: Wanted;
  readonly stale: Set<string>;
  readonly skipped: Map<number, number>;
  dropped: number;
}

export function openPageFeed(deps: { readonly host: SimulatorHost }): PageFeed {
  const { host } = deps;
  const pages = new Set<Page>();
  const held: Disposable[] = [];
  const states = new Map<string, () => ServerMessage>();
  const encoded = new Map<string, string>();
  const batches = host.boxes.map((box) => openBoxBatch(box, () => pages.size > 0));

  const define = (key: string, state: () => ServerMessage): (() => void) => {
    states.set(key, state);
    return () => {
      encoded.delete(key);
      for (const page of pages) page.stale.add(key);
    };
  };
  const stateText = (key: string): string => {
    const known = encoded.get(key);
    if (known !== undefined) return known;
    const text = JSON.stringify(states.get(key)?.());
    encoded.set(key, text);
    return text;
  };

  for (const box of host.boxes) {
    const n = box.index;
    const display = define(`display ${n}`, () => ({
      kind: 'display',
      box: n,
      frame: Buffer.from(box.frame).toString('base64'),
      brightness: box.brightness,
    }));
    const leds = define(`leds ${n}`, () => ({ kind: 'leds', box: n, ...box.leds }));
    const player = define(`player ${n}`, () => ({ kind: 'player', box: n, ...box.player.state }));
    const session = define(`session ${n}`, () => ({
      kind: 'session',
      box: n,
      session: box.session ?? null,
    }));
    held.push(
      box.onFrame(display),
      box.onLeds(leds),
      box.player.onState(player),
      box.onSession(session),
    );
  }
  held.push(
    host.onProfile(define('profile', () => ({ kind: 'profile', name: host.profile }))),
    host.onNotice((notice) => {
      for (const page of pages) page.tell(notice.level, notice.text);
    }),
  );

  const flushNotes = (): void => {
    for (const batch of batches) {
      const { notes, controls, fates, overflow } = batch.takeEvents();
      const count = notes.length + controls.length + fates.length + overflow;
      if (count === 0) continue;
      const box = batch.index;
      const message = (skipped: number): string =>
        encode({ kind: 'notes', box, now: host.now(), notes, controls, fates, skipped });
      let usual: string | undefined;
      for (const page of pages) {
        if (!page.wanted.notes) continue;
        const before = page.skipped.get(box) ?? 0;
        if (isSlow(page)) {
          page.skipped.set(box, before + count);
          page.dropped += count;
        } else if (before > 0) {
          page.skipped.delete(box);
          page.socket.send(message(before + overflow));
        } else {
          usual ??= message(overflow);
          page.socket.send(usual);
        }
      }
    }
  };

  const flushForecasts = (): void => {
    for (const batch of batches) {
      const forecast = batch.takeForecast();
      if (!forecast) continue;
      const box = batch.index;
      let text: string | undefined;
      for (const page of pages) {
        if (page.wanted.watch !== box || isSlow(page)) continue;
        text ??= encode({ kind: 'forecast', box, now: host.now(), ...forecast });
        page.socket.send(text);
      }
    }
  };

  /** `anew`: a page that has just come to this box must be told the whole forecast. */
  const watch = (index: number | null, anew: boolean): void => {
    const box = host.boxes.find((candidate) => candidate.index === index);
    if (!box) return;
    const on = [...pages].some((page) => page.wanted.watch === index);
    if (anew || !on) box.watch(on);
  };

  const flushStates = (): void => {
    for (const page of pages) {
      for (const key of page.stale) {
        if (isSlow(page)) break; // it stays stale, and is sent when the page has caught up
        if (!page.wanted.displays && key.startsWith('display')) continue;
        page.stale.delete(key);
        page.socket.send(stateText(key));
      }
    }
  };

  const flushStats = (): void => {
    let text: string | undefined;
    for (const page of pages) {
      if (!page.wanted.stats || isSlow(page)) continue;
      text ??= encode({
        kind: 'stats',
        now: host.now(),
        boxes: host.boxes.map((box) => ({ box: box.index, ...box.stats() })),
      });
      page.socket.send(text);
    }
  };

  return {
    attach(socket) {
      const page: Page = {
        socket,
        wanted: { displays: true, notes: true, stats: true, watch: null },
        stale: new Set(states.keys()),
        skipped: new Map(),
        dropped: 0,
        want(wanted) {
          const before = page.wanted.watch;
          page.wanted = wanted;
          if (wanted.watch === before) return;
          watch(before, false);
          watch(wanted.watch, true);
        },
        tell(level, text) {
          if (isSlow(page)) page.dropped++;
          else socket.send(encode({ kind: 'notice', level, text }));
        },
        [Symbol.dispose]() {
          if (!pages.delete(page)) return;
          watch(page.wanted.watch, false);
        },
      };
      socket.send(
        encode({
          kind: 'hello',
          protocol: PROTOCOL_VERSION,
          version: host.version,
          now: host.now(),
          acquainted: host.acquainted,
          boxes: host.boxes.map(({ index, id, name }) => ({ index, id, name })),
          profiles: host.profiles,
          profile: host.profile,
          pieces: host.pieces,
        }),
      );
      pages.add(page);
      flushStates();
      return page;
    },
    flush(due) {
      if (pages.size === 0) return;
      flushNotes();
      if (due.states) {
        flushStates();
        flushForecasts();
      }
      if (due.stats) flushStats();
    },
    [Symbol.dispose]() {
      for (const listener of held.splice(0)) listener[Symbol.dispose]();
      for (const batch of batches) batch[Symbol.dispose]();
      for (const page of [...pages]) page[Symbol.dispose]();
    },
  };
}

const encode = (message: ServerMessage): string => JSON.stringify(message);
const isSlow = (page: Page): boolean => page.socket.bufferedAmount > SLOW_BYTES;

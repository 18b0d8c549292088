/**
 * The outputs that are plugged in, each with its lane; they come and go.
 *
 * Takes  outputs, and what they report.
 * Gives  `list`, which changes only when an output comes or goes, and retries for what full queues refused.
 * Keeps  an output's number (its bit) until it is gone. A lost output is forgotten; one removed is silenced first.
 */
import { PortError } from '../core/errors.ts';
import { Teardown } from '../core/lifecycle.ts';
import { after, fromMillis, fromSeconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { MidiOutput } from '../ports/midi-output.ts';
import { OutputLane } from './output-lane.ts';
import { MAX_OUTPUTS, type SentSlots } from './sent-slots.ts';

const RETRY = fromMillis(2);
/** How long a removal waits for a full queue to take the last note-offs. */
const PATIENCE = fromSeconds(3);

export interface OutputLanes<Source> extends AsyncDisposable {
  readonly list: readonly OutputLane<Source>[];
  add(output: MidiOutput): AsyncDisposable;
  /** Sees to it that what is owed is retried. Call it after handing over. */
  watch(): void;
}

export function openOutputLanes<Source>(
  deps: { readonly clock: Clock },
  slots: SentSlots<Source>,
): OutputLanes<Source> {
  const { clock } = deps;
  let list: readonly OutputLane<Source>[] = [];
  let usedBits = 0;
  let waiters: readonly { readonly done: () => boolean; readonly resolve: () => void }[] = [];
  const removals = new Set<() => Promise<void>>();
  const retry = clock.alarm(() => {
    for (const lane of list) lane.settle();
    watch();
  });

  function watch(): void {
    for (let i = 0; i < list.length; i++) {
      if (list[i]?.owes !== true) continue;
      retry.set(after(clock.now(), RETRY));
      break;
    }
    if (waiters.length === 0) return;
    const ready = waiters.filter((waiter) => waiter.done());
    waiters = waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }

  /** Resolves once the lane owes nothing, or patience is at an end. */
  async function settled(lane: OutputLane<Source>): Promise<void> {
    const giveUp = after(clock.now(), PATIENCE);
    const done = (): boolean => !lane.owes || clock.now() >= giveUp;
    if (done()) return;
    await new Promise<void>((resolve) => {
      waiters = [...waiters, { done, resolve }];
      watch();
    });
  }

  function add(output: MidiOutput): AsyncDisposable {
    let index = 0;
    while ((usedBits & (1 << index)) !== 0) index++;
    if (index >= MAX_OUTPUTS) throw new PortError('full', `more than ${MAX_OUTPUTS} MIDI outputs`);
    const bit = 1 << index;
    usedBits |= bit;
    const lane = new OutputLane(output, bit, slots, () => clock.now());
    const held = new Teardown();
    held.hold(output);
    held.hold(output.onSent((tag, leftAt) => lane.sent(tag, leftAt)));
    held.hold(
      output.onLost(() => {
        forget();
        // The device is gone: how its release fares changes nothing.
        removed ??= held[Symbol.asyncDispose]().catch(() => {});
      }),
    );
    let removed: Promise<void> | undefined;
    const remove = (): Promise<void> => {
      removed ??= (async () => {
        lane.retire();
        await settled(lane);
        // Its listeners last: the note-offs on their way out are still reported.
        try {
          await output[Symbol.asyncDispose]();
        } finally {
          forget();
          await held[Symbol.asyncDispose]();
        }
      })();
      return removed;
    };
    function forget(): void {
      if (!list.includes(lane)) return;
      list = list.filter((other) => other !== lane);
      removals.delete(remove);
      lane.lose();
      usedBits &= ~bit;
      watch();
    }
    list = [...list, lane];
    removals.add(remove);
    return { [Symbol.asyncDispose]: remove };
  }

  return {
    get list() {
      return list;
    },
    add,
    watch,
    async [Symbol.asyncDispose]() {
      const held = new Teardown();
      for (const remove of removals) held.defer(remove);
      await held[Symbol.asyncDispose]();
      retry[Symbol.dispose]();
    },
  };
}

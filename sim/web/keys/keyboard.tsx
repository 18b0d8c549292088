/**
 * A MIDI keyboard, or drum pads, in front of a box: mouse and any number of fingers, louder towards the front edge.
 *
 * Keys light up with what the box *hears*, in the colour of the player. Lights are set on the elements: nothing renders
 * for a note.
 */
import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { SimNote } from '../../app/protocol.ts';
import type { BoxView } from '../box-view.ts';
import { useJam } from '../jam.ts';
import { lookOf } from '../players-colour.ts';
import { computerKeyCap, layKeys, PADS, velocityAt } from './keyboard-layout.ts';

const KEYS_CHANNEL = 0;
const PADS_CHANNEL = 9;
/** How a key sounds that is clicked without a pointer: by Enter, or by a screen reader. */
const CLICK_MS = 350;
const CLICK_VELOCITY = 90;

export function Keyboard({ box }: { readonly box: BoxView }) {
  const jam = useJam();
  const place = useRef<HTMLDivElement>(null);
  const { index, name } = box.info;
  const keys = useComputed(() => layKeys(box.base.value));
  const pads = box.pads.value;
  const channel = pads ? PADS_CHANNEL : KEYS_CHANNEL;

  const fingers = useMemo(() => {
    const keyUnder = (event: PointerEvent): HTMLElement | undefined => {
      const under = document.elementFromPoint(event.clientX, event.clientY);
      const key = under?.closest<HTMLElement>('[data-key]');
      return key && place.current?.contains(key) ? key : undefined;
    };
    const on = new Map<number, HTMLElement>();
    const play = (event: PointerEvent): void => {
      const key = keyUnder(event);
      if (key === on.get(event.pointerId)) return;
      const finger = `pointer ${event.pointerId}`;
      if (!key) {
        box.hand.up(finger);
        return;
      }
      on.set(event.pointerId, key);
      const { top, height } = key.getBoundingClientRect();
      const velocity = velocityAt((event.clientY - top) / height);
      box.hand.down(finger, channel, Number(key.dataset['key']), velocity);
    };
    return {
      down(event: PointerEvent) {
        if (event.button !== 0) return;
        // A finger that slides plays the keys it comes to.
        const target = event.target as Element;
        if (target.hasPointerCapture(event.pointerId))
          target.releasePointerCapture(event.pointerId);
        jam.selected.value = index;
        play(event);
      },
      move(event: PointerEvent) {
        if (on.has(event.pointerId) && event.buttons !== 0 && !pads) play(event);
      },
      up(event: PointerEvent) {
        if (on.delete(event.pointerId)) box.hand.up(`pointer ${event.pointerId}`);
      },
    };
  }, [jam, box, index, channel, pads]);

  useEffect(() => {
    const click = (event: MouseEvent): void => {
      if (event.detail !== 0) return; // a pointer has played it already
      const key = (event.target as Element).closest<HTMLElement>('[data-key]')?.dataset['key'];
      if (key === undefined) return;
      box.hand.down(`click ${key}`, channel, Number(key), CLICK_VELOCITY);
      setTimeout(() => box.hand.up(`click ${key}`), CLICK_MS);
    };
    const element = place.current;
    element?.addEventListener('click', click);
    window.addEventListener('pointerup', fingers.up);
    window.addEventListener('pointercancel', fingers.up);
    return () => {
      element?.removeEventListener('click', click);
      window.removeEventListener('pointerup', fingers.up);
      window.removeEventListener('pointercancel', fingers.up);
      box.hand.allUp('pointer');
    };
  }, [box, fingers, channel]);

  useLights(box, place, channel, pads, box.base.value);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a keyboard is no fieldset of a form
    <div
      class={pads ? 'pads' : 'keyboard'}
      ref={place}
      role="group"
      aria-label={`${pads ? 'Drum pads' : 'Keyboard'} of ${name}`}
      onPointerDown={fingers.down}
      onPointerMove={fingers.move}
      onContextMenu={(event) => event.preventDefault()}
    >
      {pads
        ? PADS.map((pad) => (
            <button
              type="button"
              class="pad"
              key={pad.key}
              data-key={pad.key}
              data-testid={`pad-${index}-${pad.key}`}
            >
              {pad.name}
            </button>
          ))
        : keys.value.map((key) => (
            <button
              type="button"
              tabIndex={-1}
              class={key.black ? 'key black' : 'key white'}
              key={key.key}
              data-key={key.key}
              data-testid={`key-${index}-${key.key}`}
              aria-label={key.name}
              style={{ left: `${key.left * 100}%`, width: `${key.width * 100}%` }}
            >
              <span class="cap-letter" aria-hidden="true">
                {computerKeyCap(key.key - box.base.value - 12)}
              </span>
              {key.key % 12 === 0 ? (
                <span class="key-name" aria-hidden="true">
                  {key.name}
                </span>
              ) : null}
            </button>
          ))}
    </div>
  );
}

/** `data-heard` counts the notes that sound on a key, `data-played` those that the box's own player holds. */
function useLights(
  box: BoxView,
  place: { readonly current: HTMLDivElement | null },
  channel: number,
  pads: boolean,
  base: number,
): void {
  const jam = useJam();
  // `base` and `pads` change which elements there are.
  useEffect(() => {
    const elements = new Map<number, HTMLElement>();
    for (const element of place.current?.querySelectorAll<HTMLElement>('[data-key]') ?? []) {
      elements.set(Number(element.dataset['key']), element);
    }
    const light = (note: SimNote): void => {
      if (note.kind === 'arrived' || (note.channel === PADS_CHANNEL) !== pads) return;
      const element = elements.get(note.key);
      if (!element) return;
      const count = Number(element.dataset[note.kind] ?? 0) + (note.on ? 1 : -1);
      if (count > 0) element.dataset[note.kind] = String(count);
      else delete element.dataset[note.kind];
      if (!note.on || note.kind !== 'heard') return;
      const player = jam.boxOf(note.participant);
      element.style.setProperty('--light', lookOf(player?.info.index ?? 0).colour);
    };
    const dark = (): void => {
      for (const element of elements.values()) {
        delete element.dataset['heard'];
        delete element.dataset['played'];
      }
    };
    // What sounded before these elements were there.
    for (const span of box.spans.spans) {
      if (span.end === undefined) light({ ...span, on: true, at: span.start });
    }
    const stops = [box.notes.on(light), box.silences.on(dark)];
    return () => {
      for (const stop of stops) stop();
      dark();
    };
  }, [jam, box, place, channel, pads, base]);
}

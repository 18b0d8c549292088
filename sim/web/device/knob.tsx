/** The box's knob: drag, wheel, touch or arrow keys turn it; a click, Enter or Space presses it, held as long as they are. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { BoxView } from '../box-view.ts';
import { useJam } from '../jam.ts';
import { type KnobAction, openKnobGesture, SETTLE_MS } from './knob-gesture.ts';

const DETENTS_PER_TURN = 24;
const TICKS = Array.from({ length: DETENTS_PER_TURN }, (_, i) => (i * 360) / DETENTS_PER_TURN);

const TURN_KEYS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
};

export function Knob({ box }: { readonly box: BoxView }) {
  const jam = useJam();
  const { index, name } = box.info;
  const knob = useRef<HTMLDivElement>(null);
  const cap = useRef<HTMLDivElement>(null);
  const hand = useMemo(() => {
    let turned = 0;
    const held = { byKey: false };
    const act = (action: KnobAction): void => {
      jam.send({ ...action, box: index });
      const element = knob.current;
      if (!element || !cap.current) return;
      if (action.kind === 'turn') {
        turned += action.detents;
        cap.current.style.rotate = `${(turned * 360) / DETENTS_PER_TURN}deg`;
        const place = ((turned % DETENTS_PER_TURN) + DETENTS_PER_TURN) % DETENTS_PER_TURN;
        element.setAttribute('aria-valuenow', String(place));
      } else element.classList.toggle('pressed', action.kind === 'press');
    };
    const byKey = (down: boolean): void => {
      if (held.byKey === down) return;
      held.byKey = down;
      act({ kind: down ? 'press' : 'release' });
    };
    return { act, byKey };
  }, [jam, index]);

  useEffect(() => {
    const element = knob.current;
    if (!element) return;
    const gesture = openKnobGesture();
    const run = (actions: readonly KnobAction[]): void => actions.forEach(hand.act);
    let settling: ReturnType<typeof setTimeout> | undefined;

    const down = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      run(gesture.down(event.clientX, event.clientY));
      clearTimeout(settling);
      settling = setTimeout(() => run(gesture.settle()), SETTLE_MS);
    };
    const up = (): void => {
      clearTimeout(settling);
      run(gesture.up());
    };
    const move = (event: PointerEvent): void => run(gesture.move(event.clientX, event.clientY));
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 40;
      run(gesture.wheel((event.deltaY || event.deltaX) * lines));
    };
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', up);
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      up();
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', up);
      element.removeEventListener('wheel', wheel);
    };
  }, [hand]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const detents = TURN_KEYS[event.key];
    const presses = event.key === 'Enter' || event.key === ' ';
    if (detents === undefined && !presses) return;
    event.preventDefault();
    event.stopPropagation();
    if (detents !== undefined) hand.act({ kind: 'turn', detents });
    else hand.byKey(true);
  };
  const onKeyUp = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' || event.key === ' ') hand.byKey(false);
  };

  return (
    <div class="knob-place">
      <svg class="ticks" viewBox="-50 -50 100 100" aria-hidden="true">
        {TICKS.map((angle) => (
          <line key={angle} y1="-48" y2="-44" transform={`rotate(${angle})`} />
        ))}
      </svg>
      <div
        class="knob"
        ref={knob}
        role="slider"
        tabIndex={0}
        aria-label={`Knob of ${name}: arrow keys turn, Enter presses`}
        aria-valuemin={0}
        aria-valuemax={DETENTS_PER_TURN - 1}
        aria-valuenow={0}
        data-testid={`knob-${index}`}
        onKeyDown={onKeyDown}
        onKeyUp={onKeyUp}
        onBlur={() => hand.byKey(false)}
      >
        <div class="cap" ref={cap}>
          <span class="notch" />
        </div>
      </div>
      <button
        type="button"
        class="nudge left"
        aria-label={`Turn the knob of ${name} left`}
        data-testid={`knob-left-${index}`}
        onClick={() => hand.act({ kind: 'turn', detents: -1 })}
      >
        ‹
      </button>
      <button
        type="button"
        class="nudge right"
        aria-label={`Turn the knob of ${name} right`}
        data-testid={`knob-right-${index}`}
        onClick={() => hand.act({ kind: 'turn', detents: 1 })}
      >
        ›
      </button>
    </div>
  );
}

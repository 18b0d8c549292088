/** The two LEDs of the panel, as bright as the box drives them. */
import { useEffect, useRef } from 'preact/hooks';
import type { BoxView } from '../box-view.ts';

const LEDS = ['link', 'activity'] as const;
const LABELS = { link: 'LINK', activity: 'MIDI' } as const;

export function Leds({ box }: { readonly box: BoxView }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const show = (): void => {
      for (const led of LEDS) {
        const lamp = place.current?.querySelector<HTMLElement>(`[data-led=${led}]`);
        lamp?.style.setProperty('--level', box.leds[led].toFixed(2));
        if (lamp) lamp.dataset['level'] = box.leds[led].toFixed(2);
      }
    };
    show();
    return box.ledChanges.on(show);
  }, [box]);
  return (
    <div class="leds" ref={place}>
      {LEDS.map((led) => (
        <div class="led-row" key={led}>
          <span
            class={`led ${led}`}
            data-led={led}
            data-testid={`led-${led}-${box.info.index}`}
            role="img"
            aria-label={`${LABELS[led]} light of ${box.info.name}`}
          />
          <span class="silk" aria-hidden="true">
            {LABELS[led]}
          </span>
        </div>
      ))}
    </div>
  );
}

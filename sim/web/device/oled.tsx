/** The box's display: its pixels on a canvas, a whole number of screen pixels to each so that they stay crisp. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { BoxView } from '../box-view.ts';
import { OLED_HEIGHT, OLED_WIDTH, paintFrame } from './oled-image.ts';

export function Oled({ box }: { readonly box: BoxView }) {
  const glass = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);

  useLayoutEffect(() => {
    const place = glass.current;
    const picture = canvas.current;
    const context = picture?.getContext('2d', { alpha: false });
    if (!place || !picture || !context) return;
    let image: ImageData | undefined;
    let scale = 0;
    let due = 0;

    const paint = (): void => {
      due = 0;
      if (!image) return;
      const pixels = new Uint32Array(image.data.buffer);
      paintFrame(box.shown.frame, box.shown.brightness, scale, pixels);
      context.putImageData(image, 0, 0);
    };
    const fit = (): void => {
      const fits = Math.floor((place.clientWidth * devicePixelRatio) / OLED_WIDTH);
      const next = Math.min(8, Math.max(1, fits));
      if (next === scale) return;
      scale = next;
      picture.width = OLED_WIDTH * scale;
      picture.height = OLED_HEIGHT * scale;
      picture.dataset['scale'] = String(scale);
      picture.style.width = `${picture.width / devicePixelRatio}px`;
      picture.style.height = `${picture.height / devicePixelRatio}px`;
      image = context.createImageData(picture.width, picture.height);
      paint();
    };

    const size = new ResizeObserver(fit);
    size.observe(place);
    fit();
    const stop = box.frames.on(() => {
      due ||= requestAnimationFrame(paint);
    });
    return () => {
      size.disconnect();
      stop();
      cancelAnimationFrame(due);
    };
  }, [box]);

  const { index, name } = box.info;
  return (
    <div class="oled" ref={glass}>
      <div class="bezel">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Display of ${name}`}
          data-testid={`oled-${index}`}
        />
      </div>
    </div>
  );
}

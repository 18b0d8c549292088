/**
 * A canvas that is drawn again and again while it can be seen, as sharp as the display.
 *
 * `paint` gets the page's time (milliseconds) and whether the person wants little motion; its unit is CSS pixels.
 */
export interface DrawingPace {
  /** Milliseconds between two pictures, at least. */
  readonly usual: number;
  /** The same for who wants little motion. */
  readonly still: number;
}

/** Gives back what ends it. */
export function drawWhileSeen(
  canvas: HTMLCanvasElement,
  pace: DrawingPace,
  paint: (context: CanvasRenderingContext2D, pageNow: number, isStill: boolean) => void,
): () => void {
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return () => {};
  const stillness = matchMedia('(prefers-reduced-motion: reduce)');
  let drawnAt = 0;
  let due = 0;
  let visible = true;

  const size = new ResizeObserver(() => {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
  });
  size.observe(canvas);
  const sight = new IntersectionObserver((entries) => {
    visible = entries.at(-1)?.isIntersecting ?? true;
    if (visible) due ||= requestAnimationFrame(frame);
  });
  sight.observe(canvas);

  const frame = (pageNow: number): void => {
    due = visible ? requestAnimationFrame(frame) : 0;
    if (pageNow - drawnAt < (stillness.matches ? pace.still : pace.usual)) return;
    drawnAt = pageNow;
    if (canvas.width === 0) return;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    paint(context, pageNow, stillness.matches);
  };
  due = requestAnimationFrame(frame);

  return () => {
    size.disconnect();
    sight.disconnect();
    cancelAnimationFrame(due);
  };
}

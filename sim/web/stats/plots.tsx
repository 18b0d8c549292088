/** A minute of delay, jitter and loss of each peer, as the box that is listened to sees them. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Jam, useJam } from '../jam.ts';
import { lookOf } from '../players-colour.ts';
import type { Figure } from './stat-history.ts';

interface PlotInit {
  readonly title: string;
  readonly unit: string;
  /** The first is drawn strong, the second faint. */
  readonly figures: readonly Figure[];
  /** The scale shows at least so much. */
  readonly least: number;
}

const PLOTS: readonly PlotInit[] = [
  { title: 'Delay, median and 95 %', unit: 'ms', figures: ['delayP50', 'delayP95'], least: 20 },
  { title: 'Jitter', unit: 'ms', figures: ['jitter'], least: 10 },
  { title: 'Loss', unit: '%', figures: ['loss'], least: 2 },
];

const HEIGHT = 118;
const INK = '#8d877a';
const GRID = '#2a2722';
const FONT = '10px system-ui, sans-serif';

export function Plots() {
  return (
    <div class="plots" data-testid="plots">
      {PLOTS.map((plot) => (
        <Plot key={plot.title} init={plot} />
      ))}
    </div>
  );
}

function Plot({ init }: { readonly init: PlotInit }) {
  const jam = useJam();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => (place.current ? follow(jam, place.current, init) : undefined), [jam, init]);
  return (
    <figure class="plot">
      <figcaption>
        {init.title} <span>{init.unit}</span>
      </figcaption>
      <div ref={place} class="plot-place" />
    </figure>
  );
}

/** Redraws with each statistics message; begins anew when other peers or another box are shown. */
function follow(jam: Jam, place: HTMLElement, init: PlotInit): () => void {
  let plot: uPlot | undefined;
  let shown = '';

  const update = (): void => {
    const box = jam.listened.value;
    if (!box) return;
    const { history } = box;
    const peers = history.peers;
    const columns = [
      [...history.times],
      ...peers.flatMap((peer) => init.figures.map((figure) => [...history.column(peer, figure)])),
    ];
    const now = `${box.info.id} ${peers.join(' ')}`;
    if (!plot || now !== shown) {
      plot?.destroy();
      shown = now;
      plot = new uPlot(options(jam, place, init, peers), columns as uPlot.AlignedData, place);
    } else plot.setData(columns as uPlot.AlignedData);
  };

  const size = new ResizeObserver(() => {
    plot?.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  size.observe(place);
  const stops = [jam.statTick.subscribe(update), jam.listening.subscribe(update)];
  return () => {
    for (const stop of stops) stop();
    size.disconnect();
    plot?.destroy();
  };
}

function options(
  jam: Jam,
  place: HTMLElement,
  init: PlotInit,
  peers: readonly string[],
): uPlot.Options {
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 6, 6, 0],
    scales: {
      x: { time: false },
      y: { range: (_plot, _low, high) => [0, Math.max(init.least, (high ?? 0) * 1.15)] },
    },
    axes: [
      { show: false },
      {
        stroke: INK,
        font: FONT,
        size: 34,
        ticks: { show: false },
        grid: { stroke: GRID, width: 1 },
      },
    ],
    series: [
      {},
      ...peers.flatMap((peer) => {
        const look = lookOf(jam.boxOf(peer)?.info.index ?? 0);
        return init.figures.map(
          (_figure, i): uPlot.Series => ({
            stroke: i === 0 ? look.colour : `${look.colour}88`,
            width: i === 0 ? 1.75 : 1,
            dash: [...look.dash],
            points: { show: false },
          }),
        );
      }),
    ],
  };
}

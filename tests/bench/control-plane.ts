/**
 * How much a control plane takes: boxes signed in, its memory for each, signalling, a tunnel. Server and boxes are two
 * processes on this machine, and share its cores.
 *
 *   npx tsx tests/bench/control-plane.ts [--boxes 1000] [--json]
 */
import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { liveBox, openLiveServer, scratchFolder } from '../control/live-rig.ts';
import { waitUntil } from '../platform/real-rig.ts';

const NEVER = new AbortController().signal;
const LETTERS = 20_000;
const OCTETS = 1_500;
const AT_ONCE = 64;
const TUNNEL = 20 << 20;

/** Nothing here is about limits. */
const UNLIMITED = {
  connections: 1e6,
  connectionsPerAddress: 1e6,
  dialsPerMinute: 1e9,
  accountsPerAddressPerHour: 1e9,
  messagesPerSecond: 1e9,
  signalsPerSecond: 1e9,
  tunnelOctetsPerSecond: 1e12,
  tunnelFramesPerSecond: 1e9,
};

async function serve(): Promise<void> {
  await using data = await scratchFolder();
  await using live = await openLiveServer({ folder: data.folder, limits: UNLIMITED });
  const done = new Promise<void>((resolve) => {
    process.on('message', (asked) => {
      if (asked === 'stop') resolve();
      else process.send?.({ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() });
    });
  });
  process.send?.({ url: live.url });
  await done;
}

interface Reading {
  readonly rss: number;
  readonly cpu: { readonly user: number; readonly system: number };
}

async function measure(count: number): Promise<Readonly<Record<string, number>>> {
  const server = fork(fileURLToPath(import.meta.url), ['--serve']);
  const hear = <T>() => new Promise<T>((resolve) => server.once('message', resolve as never));
  const read = (): Promise<Reading> => {
    const answer = hear<Reading>();
    server.send('read');
    return answer;
  };
  const { url } = await hear<{ readonly url: string }>();
  const empty = await read();
  const began = performance.now();
  const boxes = Array.from({ length: count }, () => liveBox(url));
  await waitUntil(() => boxes.every(({ plane }) => plane.state === 'online'), 60);
  const signedIn = performance.now();
  await sleep(1_000);
  const full = await read();

  let heard = 0;
  const delays: number[] = [];
  for (const { plane } of boxes)
    plane.onSignal((_from, message) => {
      heard++;
      delays.push(performance.now() - new DataView(message.buffer).getFloat64(0));
    });
  const signalsBegan = performance.now();
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < LETTERS) {
      const from = boxes[sent % count];
      const to = boxes[(sent * 7 + 1) % count];
      sent++;
      const message = new Uint8Array(OCTETS);
      new DataView(message.buffer).setFloat64(0, performance.now());
      if (from && to) await from.plane.signal(to.identity.box, message);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await waitUntil(() => heard === LETTERS, 30);
  const signalled = performance.now();
  const after = await read();

  const [ada, ben] = boxes;
  if (!ada || !ben) throw new Error('two boxes at least');
  let came = 0;
  ben.plane.onTunnel((_from, stream) =>
    stream.onBytes((bytes) => {
      came += bytes.length;
    }),
  );
  const stream = await ada.plane.openTunnel(ben.identity.box, NEVER);
  const tunnelBegan = performance.now();
  const part = new Uint8Array(16_384);
  for (let written = 0; written < TUNNEL; )
    if (stream.write(part)) written += part.length;
    else await sleep(1);
  await waitUntil(() => came >= TUNNEL, 60);
  const tunnelled = performance.now();

  for (const { plane } of boxes) await plane[Symbol.asyncDispose]();
  server.send('stop');
  delays.sort((a, b) => a - b);
  const cpuOf = ({ cpu }: Reading): number => cpu.user + cpu.system;
  return {
    boxes: count,
    signInsPerSecond: Math.round(count / ((signedIn - began) / 1_000)),
    kibPerBox: Math.round((full.rss - empty.rss) / count / 1_024),
    signalsPerSecond: Math.round(LETTERS / ((signalled - signalsBegan) / 1_000)),
    signalP50Ms: round(delays[Math.floor(delays.length * 0.5)]),
    signalP99Ms: round(delays[Math.floor(delays.length * 0.99)]),
    serverCpuUsPerSignal: Math.round((cpuOf(after) - cpuOf(full)) / LETTERS),
    tunnelMibPerSecond: round(TUNNEL / (1 << 20) / ((tunnelled - tunnelBegan) / 1_000)),
  };
}

const round = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10;

const { values } = parseArgs({
  options: {
    boxes: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
  },
});
if (values.serve) {
  await serve();
  process.exit(0);
}
const figures = await measure(Number(values.boxes));
if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else
  for (const [name, value] of Object.entries(figures))
    process.stdout.write(`${name.padEnd(24)}${value}\n`);
process.exit(0);

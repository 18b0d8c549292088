/**
 * Ten minutes of dense playing by three boxes through the `hostile` network, on a virtual clock: `make soak`.
 *
 * Prints memory after each minute, and at the end what was heard. Exit status 1 when a note hangs, is a ghost, or when the
 * keys that sound differ from the keys that are held.
 */
import { parseArgs } from 'node:util';
import { openBand, seconds } from '../scenarios/band.ts';
import { ghosts, playDensely } from '../scenarios/dense-playing.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    boxes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

await using band = await openBand({ boxes: Number(values.boxes), network: 'hostile', seed });
await band.gather();

const memory: { readonly minute: number; readonly rssMiB: number }[] = [];
let hung = 0;
let ghostNotes = 0;
let played = 0;
let heard = 0;
for (let minute = 1; minute <= minutes; minute++) {
  await playDensely(band, seconds(60), `${seed}/${minute}`);
  await band.run(seconds(3));
  hung += band.members.reduce((sum, { sounding }) => sum + sounding.length, 0);
  ghostNotes += ghosts(band).length;
  for (const member of band.members) {
    played += member.played.filter(({ message }) => message.kind === 'noteOn').length;
    heard += member.heard.noteOns.length;
    // Our own notes must not be what grows.
    member.played.length = 0;
    member.heard.messages.length = 0;
  }
  globalThis.gc?.();
  const rssMiB = Math.round(process.memoryUsage().rss / 1_048_576);
  memory.push({ minute, rssMiB });
  say(
    `minute ${minute}: ${played} played, ${heard} heard, ${hung} hung, ${ghostNotes} ghosts, ${rssMiB} MiB`,
  );
}
const recovered = band.members.flatMap(({ box }) =>
  box.rtp.peers.map(({ stats }) => stats.recovered),
);
const result = {
  minutes,
  boxes: band.members.length,
  seed,
  played,
  heard,
  expected: played * (band.members.length - 1),
  hung,
  ghosts: ghostNotes,
  recovered: recovered.reduce((sum, count) => sum + count, 0),
  memory,
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else
  say(
    `${heard} of ${result.expected} notes heard, ${result.recovered} repairs, ${hung} hung, ${ghostNotes} ghosts`,
  );
process.exitCode = hung + ghostNotes === 0 ? 0 : 1;

/** Arbitrary streams that collide much: few keys, the controllers that have rules of their own, few values, losses in runs. */
import fc from 'fast-check';
import type { LossyStream, Octets } from './lossy-stream.ts';

export interface Step {
  readonly commands: readonly Octets[];
  readonly lost: boolean;
  /** Packets ago of which the receiver's report now arrives; -1: no report. */
  readonly report: number;
  readonly wait: number;
}

const channel = fc.constantFrom(0, 0, 0, 9);
const key = fc.constantFrom(60, 60, 61, 0, 127);
const value = fc.constantFrom(0, 1, 5, 63, 64, 100, 127);
const number = fc.constantFrom(0, 0, 1, 5, 127, 127);
const controller = fc.constantFrom(
  ...[0, 0, 32, 32, 1, 33, 7, 39, 11, 43, 10, 91],
  ...[64, 64, 64, 66, 67, 69, 122],
  ...[120, 121, 121, 123, 124, 125, 126, 127],
);

function of(
  status: number,
  data1: fc.Arbitrary<number>,
  data2: fc.Arbitrary<number>,
): fc.Arbitrary<Octets> {
  return fc.tuple(channel, data1, data2).map(([c, d1, d2]): Octets => [status | c, d1, d2]);
}

const nothing = fc.constant(0);

/** A short run of commands that belong together, or one. */
const phrase: fc.Arbitrary<Octets[]> = fc.oneof(
  { weight: 6, arbitrary: of(0x90, key, value).map((one) => [one]) },
  { weight: 4, arbitrary: of(0x80, key, value).map((one) => [one]) },
  { weight: 6, arbitrary: of(0xb0, controller, value).map((one) => [one]) },
  {
    weight: 4,
    arbitrary: of(0xb0, fc.constantFrom(6, 38, 96, 97), value).map((one) => [one]),
  },
  {
    weight: 3,
    arbitrary: of(0xb0, fc.constantFrom(98, 99, 100, 101), number).map((one) => [one]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(channel, fc.boolean(), number, number)
      .map(([c, nrpn, msb, lsb]): Octets[] => [
        [0xb0 | c, nrpn ? 99 : 101, msb],
        [0xb0 | c, nrpn ? 98 : 100, lsb],
      ]),
  },
  { weight: 2, arbitrary: of(0xc0, fc.constantFrom(0, 5), nothing).map((one) => [one]) },
  { weight: 1, arbitrary: of(0xd0, value, nothing).map((one) => [one]) },
  {
    weight: 1,
    arbitrary: of(0xe0, fc.constantFrom(0, 1), fc.constantFrom(0, 64)).map((one) => [one]),
  },
  { weight: 1, arbitrary: of(0xa0, key, value).map((one) => [one]) },
);

const reset: fc.Arbitrary<Octets[]> = fc.constant([[0xff, 0, 0]]);

export function arbitrarySteps(maxLength: number, resets: boolean): fc.Arbitrary<Step[]> {
  const phrases = resets
    ? fc.oneof({ weight: 60, arbitrary: phrase }, { weight: 1, arbitrary: reset })
    : phrase;
  return fc.array(
    fc.record({
      commands: fc.array(phrases, { maxLength: 3 }).map((several) => several.flat()),
      lost: fc.boolean(),
      report: fc.constantFrom(-1, -1, -1, 0, 0, 1, 3),
      wait: fc.constantFrom(0, 0, 0, 5, 30, 300),
    }),
    { maxLength, size: 'max' },
  );
}

/** Sends them all, and at last an empty packet; `check` is called whenever both ends must agree. */
export function play(
  stream: LossyStream,
  steps: readonly Step[],
  check: () => void,
  waits = false,
): void {
  for (const { commands, lost, report, wait } of steps) {
    if (waits) stream.wait(wait);
    stream.send(commands, lost, check);
    if (report >= 0) stream.report(report);
  }
  stream.send([], false, check);
}

/**
 * Where two synthesizers differ that should have heard the same: the player's, and a listener's.
 *
 * Takes  both, and what is excused. Gives one line for each difference.
 */
import { type Synthesizer, SyntheticChannel, UNSET } from './rtp-midi-synthesizer.ts';

export interface Excuses {
  /** A NoteOn of this time need not sound: it was lost for too long to be played late, or it is older than the listener. */
  unheard(onAt: number): boolean;
  /** What was said before this only reaches a listener as far as it is lasting state. */
  readonly since: number;
  /** What the player has not set, the listener has not set either. */
  readonly exact: boolean;
  /** The listener took the player for gone and let go of its pedals. */
  readonly abandoned: boolean;
  /** It has joined more than once: what was said relative to a value that nobody knows may have been heard twice. */
  readonly rejoined: boolean;
}

type Channel = SyntheticChannel;
/** A channel that nothing was ever said to. */
const NEVER = new SyntheticChannel();

const PEDALS: readonly number[] = [64, 66, 69];
/** A time code takes two frames to send, and a Full Frame is two frames ahead of it. */
const TAPE_FRAMES = 4;

export function differences(there: Synthesizer, here: Synthesizer, excuses: Excuses): string[] {
  const found: string[] = [];
  for (let channel = 0; channel < 16; channel++) {
    const say = (what: string): void => void found.push(`channel ${channel}: ${what}`);
    const held = here.channels[channel];
    if (held) compareChannel(there.channels[channel], held, excuses, say);
    else if (there.channels[channel]) compareChannel(there.channels[channel], NEVER, excuses, say);
  }
  compareTransport(there, here, excuses, found);
  return found;
}

function compareChannel(
  there: Channel | undefined,
  here: Channel,
  excuses: Excuses,
  say: (what: string) => void,
): void {
  for (let key = 0; key < 128; key++) {
    const wanted = there?.velocity[key] ?? 0;
    const heard = here.velocity[key] ?? 0;
    const references = there?.references[key] ?? 0;
    if (wanted === 0 && heard > 0) say(`key ${key} is stuck`);
    if (references === 0 && (here.references[key] ?? 0) > 0) say(`key ${key} is stuck by count`);
    if (wanted > 0 && heard !== wanted && !(there && excuses.unheard(there.onAt[key] ?? 0)))
      say(`key ${key} has velocity ${heard}, not ${wanted}`);
    const pressure = there?.pressures[key] ?? UNSET;
    if (pressure !== UNSET && (there?.pressureAt[key] ?? 0) >= excuses.since) {
      if (here.pressures[key] !== pressure)
        say(`key ${key} has pressure ${here.pressures[key]}, not ${pressure}`);
    }
  }
  const same = (what: string, wanted: number, got: number, rest: number): void => {
    if (wanted !== UNSET ? got === wanted : got === UNSET || got === rest || !excuses.exact) return;
    say(`${what} is ${got}, not ${wanted}`);
  };
  for (let controller = 0; controller < 120; controller++) {
    const isPedal = PEDALS.includes(controller);
    const wanted = there?.controllers[controller] ?? UNSET;
    const got = here.controllers[controller] ?? UNSET;
    if (wanted === UNSET && isPedal && got >= 64) say(`pedal ${controller} is held`);
    // What was selected before belongs to another player.
    if (!excuses.exact && (controller === 6 || controller === 38)) continue;
    if (excuses.abandoned && isPedal && got === 0) continue;
    same(`controller ${controller}`, wanted, got, isPedal ? 0 : UNSET);
  }
  same('local control', there?.controllers[122] ?? UNSET, here.controllers[122] ?? UNSET, UNSET);
  same('bank', there?.bank ?? UNSET, here.bank, UNSET);
  if (there && there.bank !== UNSET) same('bank LSB', there.bankLsb, here.bankLsb, 0);
  same('wheel', there?.wheel ?? UNSET, here.wheel, UNSET);
  // To have none and never to have been told of any is one thing.
  same('pressure', there?.pressure || UNSET, here.pressure || UNSET, UNSET);
  same('omni', there?.omni ?? UNSET, here.omni, UNSET);
  same('mono', there?.mono ?? UNSET, here.mono, UNSET);
  if (there) compareProgram(there.program, here.program, excuses, say);
  if (there) compareParameters(there, here, excuses, say);
}

/** Whose bank was never chosen plays from the one that was there before. */
function compareProgram(
  there: string,
  here: string,
  { exact, rejoined }: Excuses,
  say: (what: string) => void,
): void {
  if (there === here || (there === '' && !exact)) return;
  const number = (program: string): string => program.split(' ')[0] ?? '';
  if ((!exact || rejoined) && there.includes('bank -1') && number(there) === number(here)) return;
  say(`program is ${here}, not ${there}`);
}

function compareParameters(
  there: Channel,
  here: Channel,
  { exact, rejoined }: Excuses,
  say: (what: string) => void,
): void {
  const wanted = there.selected ?? '';
  // Half of a number may be another player's.
  if (!exact && !there.numbered) return;
  if (wanted !== (here.selected ?? ''))
    say(`parameter '${here.selected}' is selected, not '${wanted}'`);
  for (const [name, { msb, lsb, steps }] of there.parameters) {
    const held = here.parameters.get(name);
    if (rejoined && msb === UNSET && lsb === UNSET) continue;
    const got = `${held?.msb ?? UNSET} ${Math.max(0, held?.lsb ?? 0)} ${held?.steps ?? 0}`;
    const value = `${msb} ${Math.max(0, lsb)} ${steps}`;
    if (got !== value) say(`parameter ${name} is ${got}, not ${value}`);
  }
}

function compareTransport(
  there: Synthesizer,
  here: Synthesizer,
  { exact, since }: Excuses,
  found: string[],
): void {
  const { song, running, position, located, tape, frames } = there.transport;
  const other = here.transport;
  if (song !== other.song && (song >= 0 || exact)) found.push(`song ${other.song}, not ${song}`);
  // That it stands is no news to one who has not heard of it.
  const told = running === true || (running === false && exact);
  if (told && (other.running ?? false) !== running)
    found.push(`the sequencer ${other.running ? 'runs' : 'stands'}`);
  if (located && (exact || running !== undefined) && other.position !== position)
    found.push(`the sequencer is at clock ${other.position}, not ${position}`);
  if (tape !== '' && (other.tape === '' || Math.abs(other.frames - frames) > TAPE_FRAMES))
    found.push(`the tape is at ${other.tape}, not ${tape}`);
  if (there.sensedAt > Math.max(since, there.over.at) && here.sensedAt === 0)
    found.push('no active sensing');
}

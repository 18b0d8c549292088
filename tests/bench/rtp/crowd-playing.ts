/**
 * Steady playing of one participant: notes, controllers, wheel and programs on one channel, so many events a second.
 *
 * Every note-on carries a running number as its velocity (1 to 127): the far end can tell which one it was.
 */
import { shortMessage } from '../../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../../runtime/core/midi-message.ts';

export type Stamp = Extract<MidiMessage, { kind: 'noteOn' }>;

export function isStamp(message: MidiMessage): message is Stamp {
  return message.kind === 'noteOn';
}

/** Plays until the returned function is called; then ends every note but one, which shall be heard to be held. */
export function playSteadily(
  perSecond: number,
  channel: number,
  play: (message: MidiMessage) => void,
): () => void {
  let i = 0;
  let stamp = 0;
  const held: number[] = [];
  const short = (status: number, data1: number, data2: number): void =>
    play(shortMessage(status | channel, data1, data2) as MidiMessage);
  const one = (): void => {
    const step = i++ % 10;
    if (step === 9) short(0xb0, [1, 7, 10, 11, 64, 74][i % 6] as number, (i * 7) & 127);
    else if (step === 8 && i % 20 === 9) short(0xe0, i & 127, (i >> 3) & 127);
    else if (step === 8) short(0xb0, 2, i & 127);
    else if (step % 2 === 0) {
      const key = 36 + ((i * 5) % 48);
      if (held.includes(key)) short(0x80, key, 64);
      else held.push(key);
      stamp = (stamp % 127) + 1;
      short(0x90, key, stamp);
    } else {
      const key = held.shift();
      if (key !== undefined) short(0x80, key, 64);
    }
  };
  const period = 1_000 / perSecond;
  const began = performance.now() + Math.random() * period;
  let done = 0;
  const timer = setInterval(() => {
    // As many as are due by now: a timer that comes late doesn't make the player slower.
    for (; began + done * period <= performance.now(); done++) one();
  }, period);
  return () => {
    clearInterval(timer);
    while (held.length > 1) short(0x80, held.shift() as number, 64);
  };
}

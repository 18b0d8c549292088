/**
 * The computer's keyboard plays the selected box.
 *
 * Takes  key events of the window. Gives notes on that box's hand, octave shifts, the choice of a box, panic, help.
 * Guard  keys with Ctrl, Alt or Meta belong to the browser; keys in a field or list belong to it; a window that loses its
 *        focus lets everything go, since it won't see the keys come up.
 */
import type { Jam } from '../jam.ts';
import { COMPUTER_KEYS, COMPUTER_PADS, HIGHEST_BASE, LOWEST_BASE } from './keyboard-layout.ts';

const VELOCITY = 92;
const PADS_CHANNEL = 9;

export function playByComputerKeys(jam: Jam): void {
  const selected = () => jam.boxes.value.find((box) => box.info.index === jam.selected.value);

  const shift = (octaves: number): void => {
    const box = selected();
    if (!box) return;
    const base = box.base.value + 12 * octaves;
    if (base >= LOWEST_BASE && base <= HIGHEST_BASE) box.base.value = base;
  };

  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isField(event.target)) return;
    if (event.repeat) {
      return;
    }
    if (event.key === 'Escape' && !jam.helpOpen.value) jam.send({ kind: 'panic' });
    else if (event.key === '?') jam.helpOpen.value = !jam.helpOpen.value;
    else if (event.code === 'KeyZ') shift(-1);
    else if (event.code === 'KeyX') shift(1);
    else if (/^Digit[1-8]$/.test(event.code)) {
      const index = Number(event.code.slice(-1));
      if (index <= jam.boxes.value.length) jam.selected.value = index;
    } else {
      const box = selected();
      if (!box) return;
      const finger = `computer ${event.code}`;
      if (box.pads.value) {
        const pad = COMPUTER_PADS[event.code];
        if (pad !== undefined) box.hand.down(finger, PADS_CHANNEL, pad, VELOCITY);
      } else {
        const semitones = COMPUTER_KEYS[event.code];
        if (semitones === undefined) return;
        box.hand.down(finger, 0, box.base.value + 12 + semitones, VELOCITY);
      }
    }
  });
  window.addEventListener('keyup', (event) => {
    // Whichever box it was played on: another may be selected by now.
    for (const box of jam.boxes.value) box.hand.up(`computer ${event.code}`);
  });
  window.addEventListener('blur', () => {
    for (const box of jam.boxes.value) box.hand.allUp('computer');
  });
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return target.type !== 'range' && target.type !== 'checkbox';
  return target instanceof HTMLSelectElement || target.isContentEditable;
}

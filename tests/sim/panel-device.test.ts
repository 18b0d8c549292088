import { describe, expect, test } from 'vitest';
import { FRAME_BYTES, type Frame } from '../../runtime/ports/display.ts';
import type { EncoderEvent } from '../../runtime/ports/encoder.ts';
import { openSimPanel } from '../../sim/panel-device.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { displayContract } from '../contracts/display.contract.ts';
import { encoderContract } from '../contracts/encoder.contract.ts';
import { ledsContract } from '../contracts/leds.contract.ts';

displayContract('The simulated display', async () => {
  const panel = openSimPanel({ clock: new VirtualClock() });
  return {
    display: panel.display,
    glass: async () => panel.display.frame,
    brightness: async () => panel.display.brightness,
    [Symbol.asyncDispose]: () => panel[Symbol.asyncDispose](),
  };
});

encoderContract('The simulated encoder', async () => {
  const clock = new VirtualClock();
  const panel = openSimPanel({ clock });
  return {
    encoder: panel.encoder,
    now: () => clock.now(),
    turn: async (detents) => panel.encoder.turn(detents),
    press: async () => panel.encoder.press(),
    release: async () => panel.encoder.release(),
    [Symbol.asyncDispose]: () => panel[Symbol.asyncDispose](),
  };
});

ledsContract('The simulated LEDs', async () => {
  const panel = openSimPanel({ clock: new VirtualClock() });
  return {
    leds: panel.leds,
    light: async (led) => panel.leds.level(led),
    [Symbol.asyncDispose]: () => panel[Symbol.asyncDispose](),
  };
});

describe('the simulated panel', () => {
  test('tells each frame and each change of brightness, in arrays that may be kept', () => {
    const { display } = openSimPanel({ clock: new VirtualClock() });
    const seen: [Frame, number][] = [];
    display.onFrame((frame, brightness) => seen.push([frame, brightness]));
    display.show(new Uint8Array(FRAME_BYTES).fill(1));
    display.show(new Uint8Array(FRAME_BYTES).fill(2));
    display.setBrightness(0.25);
    display.setBrightness(0.25);
    expect(seen.map(([frame, brightness]) => [frame[0], brightness])).toEqual([
      [1, 1],
      [2, 1],
      [2, 0.25],
    ]);
  });

  test('tells LED levels when they change only', () => {
    const { leds } = openSimPanel({ clock: new VirtualClock() });
    const seen: string[] = [];
    leds.onChange((led, level) => seen.push(`${led} ${level}`));
    leds.set('link', 1);
    leds.set('link', 1);
    leds.set('link', 0);
    expect(seen).toEqual(['link 1', 'link 0']);
  });

  test('ignores turns that are no turns', () => {
    const { encoder } = openSimPanel({ clock: new VirtualClock() });
    const seen: EncoderEvent[] = [];
    encoder.onEvent((event) => seen.push(event));
    encoder.turn(0);
    encoder.turn(0.4);
    encoder.turn(Number.NaN);
    encoder.turn(Number.POSITIVE_INFINITY);
    expect(seen).toEqual([]);
  });
});

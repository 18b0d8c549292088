import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSimPanel, type SimPanel } from '../../sim/panel-device.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { BOX, INES, JAMMING } from '../../tests/panel/sample-models.ts';
import { fromMillis, fromSeconds } from '../core/time.ts';
import { openPanel, type Panel } from './panel.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';

interface Rig {
  readonly clock: VirtualClock;
  readonly device: SimPanel;
  readonly panel: Panel;
  readonly effects: PanelEffect[];
  frames: number;
}

function open(model: PanelModel): Rig {
  const clock = new VirtualClock();
  const device = openSimPanel({ clock });
  const effects: PanelEffect[] = [];
  const rig = { clock, device, effects, frames: 0 };
  device.display.onFrame(() => rig.frames++);
  const panel = openPanel({ clock, ...device }, { model });
  panel.onEffect((effect) => effects.push(effect));
  return Object.assign(rig, { panel });
}

describe('the panel', () => {
  test('shows its first frame as it opens', () => {
    const { device, panel } = open(BOX);
    expect(device.display.frame).toEqual(panel.frame);
    expect(panel.frame.some((octet) => octet !== 0)).toBe(true);
    expect(device.display.brightness).toBe(1);
  });

  test('a click rejoins, and a frame marks it before that', () => {
    const { clock, device, effects } = open(BOX);
    const before = device.display.frame;
    device.encoder.press();
    clock.advance(fromMillis(80));
    device.encoder.release();
    clock.advance(fromMillis(50));
    expect(device.display.frame).not.toEqual(before);
    expect(effects).toEqual([]);
    clock.advance(fromMillis(250));
    expect(effects).toEqual([{ kind: 'rejoinLast' }]);
  });

  test('a resting panel draws nothing and hardly wakes', () => {
    const rig = open({ ...BOX, link: 'none' });
    rig.clock.advance(fromMillis(1_000));
    const { frames } = rig;
    let wakes = 0;
    const end = rig.clock.now() + fromSeconds(50);
    for (;;) {
      const due = rig.clock.nextDue;
      if (due === undefined || due > end) break;
      rig.clock.advanceTo(due);
      wakes++;
    }
    expect(rig.frames - frames).toBe(0);
    expect(wakes).toBeLessThanOrEqual(2);
  });

  test('shows a frame only when it is another one', () => {
    const rig = open({ ...BOX, link: 'up' });
    rig.clock.advance(fromMillis(100));
    const { frames } = rig;
    for (let i = 0; i < 20; i++) {
      rig.panel.setModel({ ...BOX, link: 'up' });
      rig.panel.noteActivity();
      rig.clock.advance(fromMillis(50));
    }
    expect(rig.frames).toBe(frames);
  });

  test('never draws two frames within 40 ms, whatever happens', () => {
    const deed = fc.constantFrom<(rig: Rig, at: number) => void>(
      ({ device }) => device.encoder.turn(1),
      ({ device }) => device.encoder.turn(-1),
      ({ device }) => device.encoder.press(),
      ({ device }) => device.encoder.release(),
      ({ panel }, at) => panel.noteActivity(INES.id, at % 128),
      ({ panel }, at) => panel.setModel({ ...JAMMING, link: 'degraded', soundingNotes: at }),
    );
    const script = fc.array(fc.tuple(deed, fc.integer({ min: 0, max: 30 })), { minLength: 100 });
    fc.assert(
      fc.property(script, (deeds) => {
        const rig = open({ ...JAMMING, link: 'degraded' });
        const times: number[] = [];
        let last = rig.device.display.frame;
        rig.device.display.onFrame((frame) => {
          if (frame !== last) times.push(rig.clock.now() / 1_000);
          last = frame;
        });
        rig.clock.advance(fromMillis(40));
        deeds.forEach(([act, wait], at) => {
          act(rig, at);
          rig.clock.advance(fromMillis(wait));
        });
        for (let i = 1; i < times.length; i++) {
          expect((times[i] ?? 0) - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(40);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('the beat moves on by itself, in time', () => {
    const { clock, device } = open({
      ...JAMMING,
      ensembleShift: fromSeconds(2_399),
    });
    const shown = new Set<string>();
    for (let i = 0; i < 200; i++) {
      clock.advance(fromMillis(10));
      shown.add(device.display.frame.join());
    }
    expect(shown.size).toBe(5);
  });

  test('notes light the activity LED for a moment, and wake a dimmed display', () => {
    const { clock, device, panel } = open(BOX);
    clock.advance(fromSeconds(70));
    expect(device.display.brightness).toBeCloseTo(0.2);
    panel.noteActivity();
    clock.advance(fromMillis(45));
    expect(device.leds.level('activity')).toBe(1);
    expect(device.display.brightness).toBe(1);
    clock.advance(fromMillis(100));
    expect(device.leds.level('activity')).toBe(0);
  });

  test('dims, blanks, and shows nothing while blank', () => {
    const rig = open(JAMMING);
    rig.clock.advance(fromSeconds(299));
    expect(rig.device.display.brightness).toBeCloseTo(0.2);
    rig.clock.advance(fromSeconds(2));
    expect(rig.device.display.brightness).toBe(0);
    const { frames } = rig;
    rig.clock.advance(fromSeconds(600));
    expect(rig.frames).toBe(frames);
  });

  test('the link LED follows the link', () => {
    const { clock, device, panel } = open(BOX);
    const levels: number[] = [];
    device.leds.onChange((led, level) => {
      if (led === 'link') levels.push(level);
    });
    panel.setModel({ ...BOX, link: 'searching' });
    clock.advance(fromMillis(2_050));
    expect(levels.length).toBeGreaterThanOrEqual(4);
    panel.setModel({ ...BOX, link: 'up' });
    clock.advance(fromSeconds(3));
    expect(device.leds.level('link')).toBe(1);
    panel.setModel(BOX);
    clock.advance(fromMillis(50));
    expect(device.leds.level('link')).toBe(0);
  });

  test('a listener may set a model while it is told of an effect', () => {
    const { clock, device, panel, effects } = open(BOX);
    panel.onEffect(() =>
      panel.setModel({ ...BOX, waiting: { doing: 'Joining', name: 'Sunday jam' } }),
    );
    device.encoder.press();
    clock.advance(fromMillis(80));
    device.encoder.release();
    clock.advance(fromMillis(400));
    expect(effects).toHaveLength(1);
  });

  test('leaves a dark panel behind, sets no alarm, and is released twice harmlessly', async () => {
    const { clock, device, panel } = open(JAMMING);
    await panel[Symbol.asyncDispose]();
    await panel[Symbol.asyncDispose]();
    panel.noteActivity();
    panel.setModel(BOX);
    device.encoder.turn(1);
    expect(clock.nextDue).toBeUndefined();
    expect(device.display.frame.every((octet) => octet === 0)).toBe(true);
    expect(device.leds.level('link')).toBe(0);
  });
});

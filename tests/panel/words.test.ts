/** What the panel says fits on its 128 pixels. */
import { describe, expect, test } from 'vitest';
import { openPanelSettings } from '../../runtime/box/panel-settings.ts';
import { fromMillis } from '../../runtime/core/time.ts';
import { textWidth, wrap } from '../../runtime/panel/font.ts';
import { CANVAS_WIDTH } from '../../runtime/panel/frame-buffer.ts';
import { entriesOf } from '../../runtime/panel/menus.ts';
import type { PanelModel } from '../../runtime/panel/panel-model.ts';
import type { ListKind } from '../../runtime/panel/panel-state.ts';
import { checkSettings } from '../../runtime/settings/settings-schema.ts';
import { Hand } from './hand.ts';
import { BOX, HOSTING, INES, JAMMING, SHOWN, SUNDAY } from './sample-models.ts';

describe('words on 128 pixels', () => {
  const LISTS: readonly ListKind[] = [
    ...(['home', 'session', 'sessions', 'participants', 'person', 'removed'] as const),
    ...(['settings', 'known', 'power'] as const),
  ];
  const models: Readonly<Record<string, PanelModel>> = {
    BOX,
    JAMMING,
    HOSTING: { ...HOSTING, codeShown: SHOWN },
    LOCKED: { ...JAMMING, session: { ...SUNDAY, locked: true } },
  };

  test.each(Object.keys(models))('no label or value of %s is cut', (name) => {
    const model = models[name] ?? BOX;
    for (const list of LISTS) {
      for (const entry of entriesOf({ list, about: INES.id }, model)) {
        const { action } = entry;
        const own = entry.value ?? '';
        // A number at its widest; texts that the player wrote pass by when they are too long.
        const number = action.kind === 'edit' && action.field.kind === 'number';
        const value = number ? '300 ms' : own;
        const room = CANVAS_WIDTH - 3 - 8 - 5 - (entry.marks?.length ?? 0) * 10;
        if (entry.label.includes('Teaching studio')) continue;
        expect(
          textWidth(entry.label) + textWidth(value),
          `${list}: ${entry.label}`,
        ).toBeLessThanOrEqual(room);
      }
    }
  });

  test('nor is any of the settings of a real box, at its widest', () => {
    const checked = checkSettings({});
    if (!('settings' in checked)) throw new Error('the defaults are valid');
    const nothing = (): void => {};
    const deps = { setThru: nothing, setClick: nothing, setName: nothing, onSetting: nothing };
    const { list } = openPanelSettings(deps, checked.settings);
    for (const setting of list) {
      const widest =
        setting.kind === 'choice'
          ? setting.options.map(({ label }) => label)
          : setting.kind === 'number'
            ? [`${setting.max} ${setting.unit}`]
            : ['off'];
      for (const value of widest) {
        // Between arrows while it is turned: as much as half of the row, and 16 more for them.
        expect(textWidth(value), `${setting.label}: ${value}`).toBeLessThanOrEqual(62);
        const taken = textWidth(setting.label) + textWidth(value) + 16;
        expect(taken, `${setting.label}: ${value}`).toBeLessThanOrEqual(CANVAS_WIDTH - 3 - 8);
      }
    }
  });

  test('the longest questions about a box with a usual name fit', () => {
    const hand = new Hand(HOSTING).click().choose('participants').choose(`participant ${INES.id}`);
    for (const key of ['handOver', 'remove']) {
      hand.choose(key);
      const { screen } = hand;
      if (screen.kind !== 'confirm') throw new Error('it asks');
      expect(wrap(screen.question, CANVAS_WIDTH, 9).length).toBeLessThanOrEqual(3);
      hand.hold();
    }
  });

  test('the countdown asks to be drawn again when it changes', () => {
    const hand = new Hand(HOSTING).show({ codeShown: SHOWN }).wait(250);
    const due = hand.look().changesAt;
    expect(due).toBeDefined();
    expect((due ?? 0) - hand.now).toBeLessThanOrEqual(fromMillis(1_000));
  });
});

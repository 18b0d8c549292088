import { describe, expect, test } from 'vitest';
import type { Bus } from '../../runtime/ports/bus.ts';

export interface BusRig extends AsyncDisposable {
  readonly bus: Bus;
  /** Waits until it is so. */
  until(reached: () => boolean): Promise<void>;
}

export function busContract(name: string, openRig: () => Promise<BusRig>): void {
  describe(`${name} keeps the Bus contract`, () => {
    test('messages of one subject come in order to all who listen to it, and to nobody else', async () => {
      await using rig = await openRig();
      const heard: number[][] = [[], [], []];
      for (const [at, subject] of ['box/a', 'box/a', 'box/b'].entries())
        rig.bus.subscribe(subject, ([octet = 0]) => heard[at]?.push(octet));
      for (let octet = 0; octet < 50; octet++) rig.bus.publish('box/a', Uint8Array.of(octet));
      await rig.until(() => heard[1]?.length === 50);
      const all = Array.from({ length: 50 }, (_, octet) => octet);
      expect(heard).toEqual([all, all, []]);
    });

    test('publish returns before anybody hears, and the message is a copy', async () => {
      await using rig = await openRig();
      const heard: Uint8Array[] = [];
      rig.bus.subscribe('s', (message) => heard.push(message));
      const message = Uint8Array.of(1, 2);
      rig.bus.publish('s', message);
      message.fill(9);
      expect(heard).toEqual([]);
      await rig.until(() => heard.length === 1);
      expect(heard).toEqual([Uint8Array.of(1, 2)]);
    });

    test('what nobody listens to is lost; who stopped listening hears no more', async () => {
      await using rig = await openRig();
      const heard: number[] = [];
      rig.bus.publish('s', Uint8Array.of(0));
      const first = rig.bus.subscribe('s', ([octet = 0]) => heard.push(octet));
      rig.bus.publish('s', Uint8Array.of(1));
      await rig.until(() => heard.length === 1);
      first[Symbol.dispose]();
      first[Symbol.dispose]();
      rig.bus.publish('s', Uint8Array.of(2));
      rig.bus.subscribe('s', ([octet = 0]) => heard.push(10 + octet));
      rig.bus.publish('s', Uint8Array.of(3));
      await rig.until(() => heard.length === 2);
      expect(heard).toEqual([1, 13]);
    });
  });
}

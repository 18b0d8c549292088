import { describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type {
  Discovery,
  FoundService,
  ServiceAdvert,
  ServiceType,
} from '../../runtime/ports/discovery.ts';

export interface DiscoveryRig {
  /** One box more on the same local network. */
  open(): Discovery;
  /** Waits until it is so; rejects when it never comes to it. */
  until(reached: () => boolean): Promise<void>;
  /** Lets the network work until the promise is settled. */
  finish<T>(promise: PromiseLike<T>): Promise<T>;
  /** Waits as long as news may take. */
  quiet(): Promise<void>;
  /** What a taken name becomes; default: with its number in brackets. */
  numbered?(name: string, number: number): string;
}

const SESSION: ServiceType = '_jam-togthr._tcp';
const MIDI: ServiceType = '_apple-midi._udp';

function watch(discovery: Discovery, type: ServiceType): { found: readonly FoundService[] } {
  const watched: { found: readonly FoundService[] } = { found: [] };
  discovery.browse(type, (found) => {
    watched.found = found;
  });
  return watched;
}

const numbered = (rig: DiscoveryRig, name: string, number: number): string =>
  rig.numbered?.(name, number) ?? `${name} (${number})`;

const names = ({ found }: { readonly found: readonly FoundService[] }): string[] =>
  found.map(({ name }) => name);

/** `salt` keeps the names of one run apart from those of others on the same network. */
export function discoveryContract(name: string, salt: string, openRig: () => DiscoveryRig): void {
  describe(`${name} keeps the Discovery contract`, () => {
    let tests = 0;
    const advert = (more: Partial<ServiceAdvert> = {}): ServiceAdvert => ({
      name: `Band ${salt}-${tests}`,
      type: SESSION,
      port: 7_000,
      txt: {},
      ...more,
    });
    const start = (): { rig: DiscoveryRig; teardown: Teardown; box(): Discovery } => {
      tests++;
      const rig = openRig();
      const teardown = new Teardown();
      return { rig, teardown, box: () => teardown.hold(rig.open()) };
    };
    /** Those of this test alone: goodbyes of the test before may still be on their way. */
    const mine = (watched: { readonly found: readonly FoundService[] }): string[] =>
      names(watched).filter((each) => each.includes(`${salt}-${tests}`));

    test('an announced service is found by others, with all that was said of it', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const watched = watch(box(), SESSION);
      const txt = { name: 'Blue Monday', tempo: '120', empty: '', sign: 'a=b', accent: 'é' };
      const wanted = advert({ port: 7_001, txt });
      const announcement = await rig.finish(box().announce(wanted));
      expect(announcement.name).toBe(wanted.name);
      await rig.until(() => mine(watched).length === 1);
      const found = watched.found.find((each) => each.name === wanted.name);
      expect(found).toMatchObject(wanted);
      expect(found?.host).not.toBe('');
      expect(found?.addresses[0]).toMatch(/^[0-9a-f.:]+(%.+)?$/);
    });

    test('a listener is told at once what is known, and of its own box as well', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const discovery = box();
      let told: readonly FoundService[] | undefined;
      discovery.browse(SESSION, (found) => {
        told = found;
      });
      expect(told).toBeDefined();
      const { name } = await rig.finish(discovery.announce(advert()));
      await rig.until(() => told?.some((each) => each.name === name) === true);
      const later = watch(discovery, SESSION);
      expect(mine(later)).toEqual([name]);
    });

    test('services are sorted by name, and told apart by type', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const sessions = watch(box(), SESSION);
      const peers = watch(box(), MIDI);
      const { name } = advert();
      const announced = [
        box().announce(advert({ name: `b ${name}` })),
        box().announce(advert({ name: `c ${name}` })),
        box().announce(advert({ name: `a ${name}` })),
        box().announce(advert({ name: `b ${name}`, type: MIDI, port: 5_004 })),
      ];
      const made = await rig.finish(Promise.all(announced));
      expect(made.map((each) => each.name)).toEqual(
        ['b', 'c', 'a', 'b'].map((letter) => `${letter} ${name}`),
      );
      await rig.until(() => mine(sessions).length === 3 && mine(peers).length === 1);
      expect(mine(sessions)).toEqual(['a', 'b', 'c'].map((letter) => `${letter} ${name}`));
      expect(names(sessions)).toEqual([...names(sessions)].sort());
    });

    test('a taken name gets a number, on the same box and on another (item 46)', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const watched = watch(box(), SESSION);
      const first = box();
      const made: string[] = [];
      // Services that share a machine have ports of their own.
      for (const [at, discovery] of [first, first, box()].entries()) {
        made.push((await rig.finish(discovery.announce(advert({ port: 7_001 + at })))).name);
      }
      const { name } = advert();
      expect(made).toEqual([name, numbered(rig, name, 2), numbered(rig, name, 3)]);
      await rig.until(() => mine(watched).length === 3);
    });

    test('boxes that ask for one name at the same time end up with different ones', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const watched = watch(box(), SESSION);
      const made = await rig.finish(
        Promise.all(
          [box(), box(), box()].map((each, at) => each.announce(advert({ port: 7_001 + at }))),
        ),
      );
      expect(new Set(made.map((each) => each.name)).size).toBe(3);
      await rig.until(() => mine(watched).length === 3);
    });

    test('a name is at most 63 octets, its number included, and cut between characters', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const wanted = `${advert().name} ${'é'.repeat(60)}`;
      const made: string[] = [];
      for (const port of [7_001, 7_002]) {
        made.push((await rig.finish(box().announce(advert({ name: wanted, port })))).name);
      }
      for (const each of made)
        expect(new TextEncoder().encode(each).length).toBeLessThanOrEqual(63);
      expect(wanted.startsWith(made[0] ?? 'none')).toBe(true);
      expect(made[1]?.endsWith(numbered(rig, 'é', 2)), made[1]).toBe(true);
    });

    test('a name keeps its dots, brackets and letters of all kinds (item 46)', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const watched = watch(box(), SESSION);
      const wanted = `Dr. Beat v1.0 (ö) \\ ${advert().name}.`;
      const { name } = await rig.finish(box().announce(advert({ name: wanted })));
      expect(name).toBe(wanted);
      await rig.until(() => mine(watched).length === 1);
      expect(mine(watched)).toEqual([wanted]);
    });

    test('an updated TXT record takes the place of the old one (item 46)', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const watched = watch(box(), SESSION);
      const announcement = await rig.finish(
        box().announce(advert({ txt: { tempo: '90', a: 'b' } })),
      );
      await rig.until(() => mine(watched).length === 1);
      let gone = 0;
      for (const tempo of ['100', '110', '120']) {
        await rig.finish(announcement.update({ tempo }));
        const isThere = (): boolean => {
          const found = watched.found.find((each) => each.name === announcement.name);
          if (!found) gone++;
          return found?.txt['tempo'] === tempo;
        };
        await rig.until(isThere);
      }
      const found = watched.found.find((each) => each.name === announcement.name);
      expect(found?.txt).toEqual({ tempo: '120' });
      expect(gone).toBe(0);
    });

    test('a disposed announcement says goodbye and leaves its name free', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const watched = watch(box(), SESSION);
      const announcement = await rig.finish(box().announce(advert()));
      await rig.until(() => mine(watched).length === 1);
      await rig.finish(announcement[Symbol.asyncDispose]());
      await rig.finish(announcement[Symbol.asyncDispose]());
      await rig.until(() => mine(watched).length === 0);
      await expect(announcement.update({})).rejects.toMatchObject({ code: 'closed' });
      const again = await rig.finish(box().announce(advert()));
      expect(again.name).toBe(advert().name);
    });

    test('a disposed discovery takes its announcements along and is closed', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const watched = watch(box(), SESSION);
      const leaving = box();
      await rig.finish(leaving.announce(advert()));
      await rig.until(() => mine(watched).length === 1);
      await rig.finish(leaving[Symbol.asyncDispose]());
      await rig.finish(leaving[Symbol.asyncDispose]());
      await rig.until(() => mine(watched).length === 0);
      await expect(leaving.announce(advert())).rejects.toMatchObject({ code: 'closed' });
    });

    test('a disposed browser hears nothing more', async () => {
      const { rig, teardown, box } = start();
      await using _ = teardown;
      const discovery = box();
      const watched = watch(discovery, SESSION);
      let told = 0;
      const browser = discovery.browse(SESSION, () => told++);
      expect(told).toBe(1);
      browser[Symbol.dispose]();
      await rig.finish(box().announce(advert()));
      await rig.until(() => mine(watched).length === 1);
      expect(told).toBe(1);
    });

    test('an advert that no service can have is invalid', async () => {
      const { teardown, box } = start();
      await using _ = teardown;
      const discovery = box();
      const invalid = { code: 'invalid' };
      for (const wrong of [
        advert({ name: '' }),
        advert({ name: '  ' }),
        advert({ port: 0 }),
        advert({ port: 70_000 }),
        advert({ txt: { long: 'x'.repeat(251) } }),
      ]) {
        await expect(discovery.announce(wrong)).rejects.toMatchObject(invalid);
      }
    });
  });
}

/** Objects of avahi-daemon that live as long as we want them to, and what it calls the network interfaces. */
import type { AvahiBus, Signal } from './avahi-bus.ts';

export const SERVER = { path: '/', interface: 'Server' } as const;
/** Of interfaces, of protocols: whichever. */
export const ANY = -1;

/** A new object of the daemon: followed, and freed with the returned handle. */
export async function openAvahiObject(
  bus: AvahiBus,
  kind: 'ServiceBrowser' | 'ServiceResolver',
  signature: string,
  body: readonly unknown[],
  hear: Signal,
): Promise<AsyncDisposable> {
  const [path] = await bus.call(SERVER, `${kind}New`, signature, ...body);
  const object = { path: String(path), interface: kind };
  const following = bus.follow(object.path, hear);
  return {
    [Symbol.asyncDispose]: async () => {
      following[Symbol.dispose]();
      // A daemon that is gone needs no telling.
      await bus.call(object, 'Free').catch(() => {});
    },
  };
}

/** The daemon numbers interfaces as the system does; ours have names. */
export class LinkNames {
  readonly #bus: AvahiBus;
  readonly #names = new Map<number, Promise<string>>();

  constructor(bus: AvahiBus) {
    this.#bus = bus;
  }

  find(index: number): Promise<string> {
    const known = this.#names.get(index);
    if (known !== undefined) return known;
    const asked = this.#bus
      .call(SERVER, 'GetNetworkInterfaceNameByIndex', 'i', index)
      .then(([name]) => String(name))
      .catch(() => {
        this.#names.delete(index);
        return String(index);
      });
    this.#names.set(index, asked);
    return asked;
  }
}

/**
 * The system's message bus (D-Bus), as far as it leads to avahi-daemon.
 *
 * Takes  calls to the daemon's objects.
 * Gives  answers, signals, and word of the daemon's coming and going. A call to a daemon that isn't there fails; none is
 *        started for it.
 * Keeps  at most MAX_EARLY signals of objects that nobody follows yet: the daemon may speak of a new object before we
 *        have read what it is called.
 * Spec: D-Bus specification 0.43; org.freedesktop.Avahi.*.xml of avahi 0.8.
 */
import { createClient, type MessageBus } from '@homebridge/dbus-native';
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import { avahiError } from './avahi-error.ts';

declare module '@homebridge/dbus-native' {
  // The package's own types know the system bus at its usual place only.
  export function createClient(options: {
    readonly busAddress: string;
    readonly authMethods: readonly string[];
  }): MessageBus;
}

const AVAHI = 'org.freedesktop.Avahi';
const DBUS = 'org.freedesktop.DBus';
const USUAL_ADDRESS = 'unix:path=/run/dbus/system_bus_socket';
const NO_AUTO_START = 2;
const SIGNAL = 4;
const MAX_EARLY = 512;
/** How long the bus or the daemon may take for an answer, in milliseconds. */
const PATIENCE = 5_000;

export type Signal = (member: string, body: readonly unknown[]) => void;

export interface AvahiBus extends AsyncDisposable {
  /** Whether avahi-daemon runs. */
  readonly present: boolean;
  /** Told when the daemon has come or gone; also when the bus itself is lost, which is for good. */
  onPresence(listener: (present: boolean) => void): Disposable;
  /** Whether the bus is there. */
  readonly open: boolean;
  /** Rejects with PortError: 'busy' for a collision of names, 'denied' where avahi is told not to publish. */
  call(
    to: { readonly path: string; readonly interface: string },
    member: string,
    signature?: string,
    ...body: readonly unknown[]
  ): Promise<readonly unknown[]>;
  /** Hears the signals of an object, those from before too. */
  follow(path: string, listener: Signal): Disposable;
}

interface BusMessage {
  readonly type: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly body?: readonly unknown[];
}

/** Rejects with PortError 'unavailable' when there is no system bus. */
export async function openAvahiBus(
  address: string = process.env['DBUS_SYSTEM_BUS_ADDRESS'] ?? '',
): Promise<AvahiBus> {
  // Empty means unset; the library would take the bus of the desktop for it.
  const bus = new Bus(address === '' ? USUAL_ADDRESS : address);
  try {
    await bus.start();
    return bus;
  } catch (error) {
    await bus[Symbol.asyncDispose]();
    throw error;
  }
}

class Bus implements AvahiBus {
  readonly #bus: MessageBus;
  readonly #presence = new Listeners<[boolean]>();
  readonly #followed = new Map<string, Signal>();
  readonly #pending = new Set<(error: PortError) => void>();
  #early: BusMessage[] = [];
  #present = false;
  #open = true;

  constructor(address: string) {
    try {
      this.#bus = createClient({ busAddress: address, authMethods: ['EXTERNAL'] });
    } catch (error) {
      throw new PortError('unavailable', `no message bus at ${address}`, { cause: error });
    }
    const { connection } = this.#bus;
    connection.on('error', (error: unknown) => this.#lose(error));
    connection.on('end', () => this.#lose(undefined));
    connection.on('message', (message: BusMessage) => this.#receive(message));
  }

  get present(): boolean {
    return this.#present;
  }

  get open(): boolean {
    return this.#open;
  }

  async start(): Promise<void> {
    const rules = [
      `type='signal',sender='${AVAHI}'`,
      `type='signal',sender='${DBUS}',interface='${DBUS}',member='NameOwnerChanged',arg0='${AVAHI}'`,
    ];
    for (const rule of rules) await this.#ask(DBUS, '/', DBUS, 'AddMatch', 's', [rule]);
    const [owned] = await this.#ask(DBUS, '/', DBUS, 'NameHasOwner', 's', [AVAHI]);
    this.#setPresent(owned === true);
  }

  onPresence(listener: (present: boolean) => void): Disposable {
    return this.#presence.add(listener);
  }

  call(
    to: { readonly path: string; readonly interface: string },
    member: string,
    signature: string = '',
    ...body: readonly unknown[]
  ): Promise<readonly unknown[]> {
    if (!this.#present) {
      return Promise.reject(new PortError('unavailable', 'avahi-daemon does not run'));
    }
    return this.#ask(AVAHI, to.path, `${AVAHI}.${to.interface}`, member, signature, body);
  }

  follow(path: string, listener: Signal): Disposable {
    this.#followed.set(path, listener);
    const early = this.#early.filter((message) => message.path === path);
    this.#early = this.#early.filter((message) => message.path !== path);
    for (const { member = '', body = [] } of early) listener(member, body);
    return {
      [Symbol.dispose]: () => {
        if (this.#followed.get(path) === listener) this.#followed.delete(path);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#presence.clear();
    this.#lose(undefined);
  }

  #ask(
    destination: string,
    path: string,
    wanted: string,
    member: string,
    signature: string,
    body: readonly unknown[],
  ): Promise<readonly unknown[]> {
    if (!this.#open) return Promise.reject(new PortError('closed', 'the message bus is gone'));
    const { promise, resolve, reject } = withResolvers<readonly unknown[]>();
    const late = setTimeout(() => {
      reject(new PortError('unavailable', `${destination} gave no answer to ${member}`));
    }, PATIENCE);
    this.#pending.add(reject);
    const message = {
      destination,
      path,
      interface: wanted,
      member,
      flags: NO_AUTO_START,
      ...(signature === '' ? {} : { signature, body }),
    };
    try {
      this.#bus.invoke(message, (error, ...answer: unknown[]) => {
        if (error) reject(avahiError(error, member));
        else resolve(answer);
      });
    } catch (error) {
      reject(new PortError('invalid', `${member} was not understood`, { cause: error }));
    }
    return promise.finally(() => {
      clearTimeout(late);
      this.#pending.delete(reject);
    });
  }

  #receive(message: BusMessage): void {
    if (message.type !== SIGNAL || !this.#open) return;
    const { path = '', member = '', body = [] } = message;
    if (message.interface === DBUS) {
      // Of every name that changes hands, the daemon's alone was asked for; our own name comes unasked.
      if (member === 'NameOwnerChanged' && body[0] === AVAHI) this.#setPresent(body[2] !== '');
      return;
    }
    const listener = this.#followed.get(path);
    if (listener) listener(member, body);
    else {
      this.#early.push(message);
      if (this.#early.length > MAX_EARLY) this.#early.shift();
    }
  }

  #setPresent(present: boolean): void {
    // A daemon that was restarted has new objects, though the name never was without an owner.
    this.#early = [];
    this.#followed.clear();
    if (this.#present === present && !present) return;
    this.#present = present;
    this.#presence.emit(present);
  }

  #lose(cause: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.#followed.clear();
    this.#early = [];
    const why = new PortError('unavailable', 'the message bus is gone', { cause });
    for (const reject of [...this.#pending]) reject(why);
    const was = this.#present;
    this.#present = false;
    try {
      this.#bus.connection.stream.destroy();
    } catch {
      // It was never connected.
    }
    if (was) this.#presence.emit(false);
  }
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers<T>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

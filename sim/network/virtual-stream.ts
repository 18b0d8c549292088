/**
 * TCP of the virtual network: ordered, reliable, late. A loss costs a retransmission, a partition stalls.
 *
 * Takes  bytes from one end.
 * Gives  them to the other in order, then its end.
 * Keeps  what is on its way and what nobody has listened for yet; above MAX_UNSENT it takes no more.
 */
import { PortError } from '../../runtime/core/errors.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Alarm } from '../../runtime/ports/clock.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import type { Impairment } from './impairment.ts';
import type { SimulatedHost } from './virtual-host.ts';
import type { Fabric, Path } from './virtual-network.ts';

const MAX_UNSENT = 1 << 20;
/** A host that doesn't answer is given up after so many microseconds, as Linux does on a LAN. */
const NO_ANSWER = 3_000_000;

interface Segment {
  due: number;
  /** The end of the stream when undefined. */
  readonly bytes: Uint8Array | undefined;
}

/** One direction of a stream. */
export class StreamPipe {
  readonly #fabric: Fabric;
  readonly #path: Path;
  readonly #impairment: Impairment;
  readonly #deliver: (bytes: Uint8Array | undefined) => void;
  readonly #alarm: Alarm;
  #segments: Segment[] = [];
  #unsent = 0;
  #closed = false;

  constructor(fabric: Fabric, path: Path, deliver: (bytes: Uint8Array | undefined) => void) {
    this.#fabric = fabric;
    this.#path = path;
    this.#impairment = fabric.streamImpairment(path);
    this.#deliver = deliver;
    this.#alarm = fabric.clock.alarm(() => this.#wake());
    fabric.find(path.from)?.hold(this);
    fabric.find(path.to)?.hold(this);
  }

  get unsent(): number {
    return this.#unsent;
  }

  /** Takes the bytes as they are; undefined is the end, after which nothing comes. */
  push(bytes: Uint8Array | undefined): void {
    if (this.#closed) return;
    this.#segments.push({ due: this.#due(), bytes });
    this.#unsent += bytes?.length ?? 0;
    if (this.#segments.length === 1) this.#rearm();
  }

  /** The way may be free again: what waited sets out now. */
  resume(): void {
    const now = this.#fabric.clock.now();
    for (const segment of this.#segments) {
      if (segment.due <= now) segment.due = this.#due();
    }
    this.#rearm();
  }

  close(): void {
    this.#closed = true;
    this.#alarm[Symbol.dispose]();
    this.#segments = [];
    this.#fabric.find(this.#path.from)?.release(this);
    this.#fabric.find(this.#path.to)?.release(this);
  }

  #due(): number {
    const now = this.#fabric.clock.now();
    if (this.#path.from === this.#path.to) return now;
    this.#impairment.setProfile(this.#path.profile);
    return now + this.#impairment.nextReliable(now);
  }

  #rearm(): void {
    const first = this.#segments[0];
    if (first) this.#alarm.set(first.due as Instant);
  }

  #wake(): void {
    const { from, to } = this.#path;
    for (;;) {
      const first = this.#segments[0];
      if (!first || first.due > this.#fabric.clock.now()) break;
      if (from !== to && !this.#fabric.reachable(from, to)) return;
      this.#segments.shift();
      this.#unsent -= first.bytes?.length ?? 0;
      if (first.bytes === undefined) this.close();
      this.#deliver(first.bytes);
    }
    this.#rearm();
  }
}

class StreamEnd implements ByteStream {
  readonly remote: NetAddress;
  readonly #outgoing: StreamPipe;
  readonly #bytes = new Listeners<[Uint8Array]>();
  readonly #closed = new Listeners<[]>();
  /** What came before the first listener. */
  #kept: (Uint8Array | undefined)[] | undefined = [];
  #keptLength = 0;
  #far: StreamEnd | undefined;
  #open = true;

  constructor(remote: NetAddress, outgoing: StreamPipe) {
    this.remote = remote;
    this.#outgoing = outgoing;
  }

  /** Octets that came and that nobody has listened for: the far end counts them as unsent. */
  get untaken(): number {
    return this.#keptLength;
  }

  join(far: StreamEnd): void {
    this.#far = far;
    far.#far = this;
  }

  /** Undefined is the end. */
  receive(bytes: Uint8Array | undefined): void {
    if (!this.#open) return;
    if (this.#kept && (bytes !== undefined || this.#keptLength > 0)) {
      this.#kept.push(bytes);
      this.#keptLength += bytes?.length ?? 0;
    } else if (bytes) this.#bytes.emit(bytes);
    else this.#end();
  }

  write(bytes: Uint8Array): boolean {
    const unsent = this.#outgoing.unsent + (this.#far?.untaken ?? 0);
    if (!this.#open || unsent > MAX_UNSENT) return false;
    if (bytes.length > 0) this.#outgoing.push(bytes.slice());
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    const first = this.#kept !== undefined && this.#bytes.size === 0;
    const held = this.#bytes.add(listener);
    // After this call, as bytes from a real network would come.
    if (first) void Promise.resolve().then(() => this.#giveKept());
    return held;
  }

  onClosed(listener: () => void): Disposable {
    if (this.#open) return this.#closed.add(listener);
    const late = new Listeners<[]>();
    void Promise.resolve().then(() => late.emit());
    return late.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  #giveKept(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    this.#keptLength = 0;
    for (const bytes of kept) this.receive(bytes);
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#outgoing.push(undefined);
    this.#bytes.clear();
    this.#closed.emit();
    this.#closed.clear();
  }
}

/** Connects: the listener has its end after one way, the caller after both. */
export function dial(
  fabric: Fabric,
  from: SimulatedHost,
  to: NetAddress,
  signal: AbortSignal,
): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const local: NetAddress = { host: from.address, port: from.freePort() };
    let far: StreamEnd | undefined;
    let answered = false;
    let settled = false;

    const request = new StreamPipe(fabric, fabric.path(from.address, to.host), (bytes) => {
      if (far) return far.receive(bytes);
      const accept = fabric.find(to.host)?.listenerOn(to.port);
      answer.push(accept && GREETING);
      if (!accept) return;
      far = new StreamEnd(local, answer);
      far.join(near);
      accept(far);
    });
    const answer = new StreamPipe(fabric, fabric.path(to.host, from.address), (bytes) => {
      if (answered) return near.receive(bytes);
      answered = true;
      if (bytes) settle(() => resolve(near));
      else refuse('refused; is the program running there?');
    });
    const near = new StreamEnd(to, request);

    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      noAnswer[Symbol.dispose]();
      signal.removeEventListener('abort', abort);
      finish();
    };
    const refuse = (why: string): void =>
      settle(() => {
        request.close();
        answer.close();
        reject(new PortError('unavailable', `${to.host} port ${to.port} ${why}`));
      });
    // If the far end has accepted meanwhile, its stream closes when it learns of this.
    const abort = (): void =>
      settle(() => {
        void near[Symbol.asyncDispose]();
        reject(signal.reason);
      });
    const noAnswer = fabric.clock.alarm(() => refuse('does not answer; is it switched on?'));

    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    noAnswer.set((fabric.clock.now() + NO_ANSWER) as Instant);
    request.push(GREETING);
  });
}

/** Opens each direction; no bytes of the stream. */
const GREETING = new Uint8Array(0);

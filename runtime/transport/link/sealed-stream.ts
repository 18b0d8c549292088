/**
 * A byte stream sealed end to end, with a fast lane framed inside it. SIGNALLING.md, "the tunnel".
 *
 * Takes  a stream through somebody who is not trusted.
 * Gives  a PeerStream whose binding is the Noise handshake hash; or a failure with words for people.
 * Keeps  the number of packets on their way: when the stream is backed up the newest are dropped, as their successors
 *        carry the recovery journal that makes up for them.
 * Lane   1. Never throws at what the far end sends.
 */
import { PortError } from '../../core/errors.ts';
import { JoinFailure } from '../../core/join-failure.ts';
import { Listeners } from '../../core/listeners.ts';
import { after, fromMillis, fromSeconds, type Instant } from '../../core/time.ts';
import { ToldOnce } from '../../core/told-once.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PacketLane, PeerStream } from '../../ports/peer-connection.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { ByteStream } from '../../ports/stream-network.ts';
import { KeptBytes } from '../peer-connection/kept-bytes.ts';
import { isRtpPacket } from '../peer-connection/rtp-shape.ts';
import { initiateNoise, KEY_OCTETS, type NoiseSession, respondNoise, TAG_OCTETS } from './noise.ts';
import { frameRecord, RecordReader } from './record-frames.ts';

const PROLOGUE = new TextEncoder().encode('jam.togthr tunnel 1');
const HANDSHAKE_LIMIT = fromSeconds(5);
const BYTES = 0;
const PACKET = 1;
const COUNT = 2;
const MAX_CHUNK = 16_384;
/** Of one record. */
const MAX_SEALED = 1 + MAX_CHUNK + TAG_OCTETS;
/** Packets on their way that the far end has not counted. */
const WINDOW = 128;
const COUNT_EVERY = 16;
const COUNT_AFTER = fromMillis(50);

export interface SealDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/**
 * Rejects with PortError, or with the signal's reason; then the stream is closed. `remote` is where the far end is said
 * to be.
 */
export function sealStream(
  deps: SealDeps,
  stream: ByteStream,
  init: { readonly initiator: boolean; readonly remote: NetAddress },
  signal: AbortSignal,
): Promise<PeerStream> {
  return new Promise((resolve, reject) => {
    const ephemeral = deps.randomness.bytes(KEY_OCTETS);
    const initiator = init.initiator ? initiateNoise(ephemeral, PROLOGUE) : undefined;
    const reader = new RecordReader(MAX_SEALED);
    let sealed: SealedStream | undefined;
    let settled = false;

    const settle = (): void => {
      settled = true;
      alarm[Symbol.dispose]();
      signal.removeEventListener('abort', abort);
    };
    const fail = (reason: unknown): void => {
      if (settled) return;
      settle();
      void stream[Symbol.asyncDispose]();
      reject(reason);
    };
    const abort = (): void => fail(signal.reason);
    const open = (session: NoiseSession): void => {
      settle();
      sealed = new SealedStream(deps.clock, stream, session, init.remote);
      resolve(sealed);
    };
    const greet = (message: Uint8Array): void => {
      if (initiator) {
        const done = initiator.finish(message);
        if (done) open(done.session);
        else fail(TAMPERED);
        return;
      }
      const answer = respondNoise(ephemeral, PROLOGUE, message);
      if (answer && stream.write(frameRecord(answer.second))) open(answer.session);
      else fail(TAMPERED);
    };
    const alarm = deps.clock.alarm(() => fail(SILENT));

    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    alarm.set(after(deps.clock.now(), HANDSHAKE_LIMIT));
    stream.onClosed(() => {
      fail(BROKEN);
      sealed?.end();
    });
    stream.onBytes((bytes) => {
      const whole = reader.push(bytes, (record) => {
        if (sealed) return sealed.take(record);
        greet(record.slice());
        return sealed !== undefined;
      });
      if (whole) return;
      fail(TAMPERED);
      sealed?.cut();
    });
    if (initiator) stream.write(frameRecord(initiator.first));
  });
}

const TAMPERED = new JoinFailure(
  'intercepted',
  'the tunnel through the server was changed on the way; try again, and do not trust that server if it happens again',
);
const SILENT = new PortError(
  'unavailable',
  'the other box does not answer through the tunnel; try again',
);
const BROKEN = new PortError('disconnected', 'the tunnel through the server broke; try again');
const ANYWHERE: NetAddress = { host: '', port: 0 };

class SealedStream implements PeerStream {
  readonly remote: NetAddress;
  readonly packets: PacketLane;
  readonly binding: Uint8Array;
  readonly route: PeerStream['route'];
  readonly #stream: ByteStream;
  readonly #session: NoiseSession;
  readonly #lane: SealedLane;
  readonly #bytes = new KeptBytes();
  readonly #closed = new ToldOnce<[]>();

  constructor(clock: Clock, stream: ByteStream, session: NoiseSession, remote: NetAddress) {
    this.#stream = stream;
    this.#session = session;
    this.remote = remote;
    this.binding = session.hash;
    this.route = { kind: 'tunnelled', local: ANYWHERE, remote };
    this.#lane = new SealedLane(clock, (kind, content) => this.#send([[kind, content]]));
    this.packets = this.#lane;
  }

  write(bytes: Uint8Array): boolean {
    const parts: [kind: number, content: Uint8Array][] = [];
    for (let at = 0; at < bytes.length; at += MAX_CHUNK) {
      parts.push([BYTES, bytes.subarray(at, at + MAX_CHUNK)]);
    }
    return this.#send(parts);
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    return this.#bytes.listen(listener);
  }

  onClosed(listener: () => void): Disposable {
    return this.#closed.listen(listener);
  }

  /** False: a rule was broken, and the stream is to end. */
  take(sealed: Uint8Array): boolean {
    if (this.#closed.told) return true;
    const record = this.#session.incoming.open(sealed);
    if (!record) return false;
    const content = record.subarray(1);
    switch (record[0]) {
      case BYTES:
        return content.length > 0 && this.#bytes.take(content);
      case PACKET:
        return this.#lane.take(content);
      case COUNT:
        return this.#lane.count(content);
      default:
        return false;
    }
  }

  cut(): void {
    this.end();
    void this.#stream[Symbol.asyncDispose]();
  }

  end(): void {
    this.#lane.close();
    this.#bytes.close();
    this.#closed.tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await this.#stream[Symbol.asyncDispose]();
  }

  /** All of them or none: a nonce counts as used only when what it sealed has left. */
  #send(parts: readonly (readonly [kind: number, content: Uint8Array])[]): boolean {
    if (this.#closed.told) return false;
    const { outgoing } = this.#session;
    const frames = parts.map(([kind, content], ahead) => {
      const record = new Uint8Array(1 + content.length);
      record[0] = kind;
      record.set(content, 1);
      return frameRecord(outgoing.seal(record, ahead));
    });
    const [first] = frames;
    const whole = frames.length === 1 && first ? first : joined(frames);
    if (!this.#stream.write(whole)) return false;
    outgoing.advance(frames.length);
    return true;
  }
}

class SealedLane implements PacketLane {
  readonly #clock: Clock;
  readonly #send: (kind: number, content: Uint8Array) => boolean;
  readonly #packets = new Listeners<[packet: Uint8Array, at: Instant]>();
  readonly #alarm;
  #unsent = 0;
  /** All modulo 2^32. */
  #sent = 0;
  #counted = 0;
  #taken = 0;
  #told = 0;

  constructor(clock: Clock, send: (kind: number, content: Uint8Array) => boolean) {
    this.#clock = clock;
    this.#send = send;
    this.#alarm = clock.alarm(() => this.#tell());
  }

  get unsent(): number {
    return this.#unsent;
  }

  send(packet: Uint8Array, length: number = packet.length): void {
    const onTheirWay = (this.#sent - this.#counted) >>> 0;
    if (
      !isRtpPacket(packet, length) ||
      onTheirWay >= WINDOW ||
      !this.#send(PACKET, packet.subarray(0, length))
    ) {
      this.#unsent++;
      return;
    }
    this.#sent = (this.#sent + 1) >>> 0;
  }

  onPacket(listener: (packet: Uint8Array, at: Instant) => void): Disposable {
    return this.#packets.add(listener);
  }

  take(packet: Uint8Array): boolean {
    if (!isRtpPacket(packet)) return false;
    this.#taken = (this.#taken + 1) >>> 0;
    if ((this.#taken - this.#told) >>> 0 >= COUNT_EVERY) this.#tell();
    else this.#alarm.set(after(this.#clock.now(), COUNT_AFTER));
    this.#packets.emit(packet, this.#clock.now());
    return true;
  }

  count(content: Uint8Array): boolean {
    if (content.length !== 4) return false;
    const counted = new DataView(content.buffer, content.byteOffset).getUint32(0);
    // More than were sent, or fewer than before: no count of ours.
    if ((this.#sent - counted) >>> 0 > (this.#sent - this.#counted) >>> 0) return false;
    this.#counted = counted;
    return true;
  }

  close(): void {
    this.#alarm[Symbol.dispose]();
    this.#packets.clear();
  }

  #tell(): void {
    this.#alarm.clear();
    const content = new Uint8Array(4);
    new DataView(content.buffer).setUint32(0, this.#taken);
    if (this.#send(COUNT, content)) this.#told = this.#taken;
    else this.#alarm.set(after(this.#clock.now(), COUNT_AFTER));
  }
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    whole.set(frame, at);
    at += frame.length;
  }
  return whole;
}

/**
 * One box's connection, from the challenge to its end.
 *
 * Takes  frames of a WebSocket that nobody has vouched for, and mail for its box.
 * Gives  answers; the reason, when it ends the connection.
 * Keeps  who it is once that is proven, how much it may still say, and when it was heard last.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { BoxId } from '../../core/ensemble.ts';
import type { Log } from '../../core/log.ts';
import { after, elapsed, fromSeconds, type Instant } from '../../core/time.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import type { Alarm } from '../../ports/clock.ts';
import type { WebSocketConnection } from '../../ports/web-sockets.ts';
import {
  type BoxMessage,
  CLOSE_CODES,
  PROTOCOL_VERSION,
  type ServerMessage,
  type SignIn,
} from '../message.ts';
import { parseBoxMessage, writeMessage } from '../message-codec.ts';
import { NONCE_OCTETS } from '../sign-in.ts';
import { decodeTunnelFrame } from '../tunnel-frame.ts';
import { addressGroup, shortAddress } from './addresses.ts';
import { admit } from './admission.ts';
import { readMail, subjectOf, writeMail } from './box-mail.ts';
import { BoxRequests } from './box-requests.ts';
import { count } from './counters.ts';
import { MESSAGE_BURST } from './limits.ts';
import { type Present, RENEW_EVERY } from './presence.ts';
import type { ServerRooms } from './rooms.ts';
import { BoxTunnels } from './tunnels.ts';

const SIGN_IN_WITHIN = fromSeconds(5);
const SILENT_FOR = fromSeconds(60);
/** Requests of one connection that wait for their turn. */
const MOST_WAITING = 512;

/** What a box has once it has signed in. */
interface SignedIn {
  readonly box: BoxId;
  readonly present: Present;
  readonly requests: BoxRequests;
  readonly tunnels: BoxTunnels;
}

export class BoxConnection {
  readonly #rooms: ServerRooms;
  readonly #socket: WebSocketConnection;
  readonly #address: string;
  readonly #log: Log;
  readonly #name: string;
  readonly #nonce: Uint8Array;
  readonly #texts: TokenBucket;
  readonly #frames: TokenBucket;
  readonly #alarm: Alarm;
  #state: 'challenged' | 'proving' | 'in' | 'ended' = 'challenged';
  #as: SignedIn | undefined;
  #mail: Disposable | undefined;
  #heardAt: Instant;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(rooms: ServerRooms, socket: WebSocketConnection, address: string) {
    const { clock, randomness, limits } = rooms;
    this.#rooms = rooms;
    this.#socket = socket;
    this.#address = address;
    this.#log = rooms.log.child({ from: shortAddress(address) });
    this.#name = bytesToHex(randomness.bytes(8));
    this.#nonce = randomness.bytes(NONCE_OCTETS);
    this.#texts = new TokenBucket(
      limits.messagesPerSecond,
      limits.messagesPerSecond * MESSAGE_BURST,
    );
    this.#frames = new TokenBucket(limits.tunnelFramesPerSecond, limits.tunnelFramesPerSecond * 2);
    this.#heardAt = clock.now();
    this.#alarm = clock.alarm(() => this.#look());
    this.#alarm.set(after(this.#heardAt, SIGN_IN_WITHIN));
    socket.onClosed(() => this.#end('the other box went offline'));
    socket.onMessage((message) => this.#hear(message));
    const [server = ''] = rooms.names();
    this.#send({ type: 'challenge', protocol: PROTOCOL_VERSION, server, nonce: this.#nonce });
  }

  /** Ends it with a close code and words for people; `why` is counted. */
  cut(code: number, reason: string, why: string): void {
    if (this.#state === 'ended') return;
    count(this.#rooms.counters.cutOff, why);
    this.#log.debug('a connection was ended', { box: this.#as?.box, why, reason });
    this.#socket.close(code, reason);
    this.#end(reason);
  }

  #hear(message: string | Uint8Array): void {
    if (this.#state === 'ended') return;
    const now = this.#rooms.clock.now();
    this.#heardAt = now;
    this.#rooms.counters.messages++;
    const bucket = typeof message === 'string' ? this.#texts : this.#frames;
    if (!bucket.take(1, now)) this.cut(CLOSE_CODES.tooMany, 'too many messages', 'tooMany');
    else if (typeof message === 'string') this.#hearText(message);
    else this.#hearFrame(message);
  }

  #hearText(text: string): void {
    const parsed = parseBoxMessage(text);
    if (!parsed.ok) this.#malformed(parsed.fault);
    else if (parsed.value.type === 'sign-in') {
      if (this.#state === 'challenged') void this.#signIn(parsed.value);
      else this.#malformed('twice');
    } else if (this.#as) this.#hearMessage(parsed.value, this.#as);
    else this.#malformed('early');
  }

  #hearFrame(bytes: Uint8Array): void {
    const frame = decodeTunnelFrame(bytes);
    if (frame && this.#as) this.#as.tunnels.send(frame);
    else this.#malformed(frame ? 'early' : 'frame');
  }

  #hearMessage(message: Exclude<BoxMessage, SignIn>, { tunnels, requests }: SignedIn): void {
    switch (message.type) {
      case 'ping':
        this.#send({ type: 'pong' });
        break;
      case 'accept':
        tunnels.accept(message.tunnel);
        break;
      case 'close':
        tunnels.close(message.tunnel, message.reason);
        break;
      case 'credit':
        tunnels.credit(message.tunnel, message.octets);
        break;
      default:
        this.#inTurn(async () => {
          const answer = await requests.answer(message);
          if (answer) this.#send(answer);
        }, message.id);
    }
  }

  /** One request after the other: an offer overtakes no candidate. */
  #inTurn(work: () => Promise<void>, id?: number): void {
    if (++this.#waiting > MOST_WAITING) {
      this.cut(CLOSE_CODES.tooMany, 'too many requests at once', 'tooMany');
      return;
    }
    this.#turn = this.#turn.then(async () => {
      try {
        if (this.#state === 'in') await work();
      } catch (failure) {
        this.#log.error('a request failed', { failure });
        const reason = 'the server could not do that; try again later';
        if (id !== undefined) this.#send({ type: 'refused', id, code: 'unavailable', reason });
      } finally {
        this.#waiting--;
      }
    });
  }

  async #signIn(message: SignIn): Promise<void> {
    this.#state = 'proving';
    try {
      const admission = await admit(this.#rooms, message, this.#nonce, this.#address);
      if (admission.ok) await this.#enter(admission.box, message.software);
      else this.cut(admission.code, admission.reason, admission.why);
    } catch (failure) {
      this.#log.error('a box could not be signed in', { failure });
      this.cut(CLOSE_CODES.tryLater, 'the server is in trouble; try later', 'failed');
    }
  }

  async #enter(box: BoxId, software: string): Promise<void> {
    const rooms = this.#rooms;
    const mail = rooms.bus.subscribe(subjectOf(box), (bytes) => this.#receive(bytes));
    rooms.bus.publish(subjectOf(box), writeMail({ kind: 'replaced', by: this.#name }));
    const present = await rooms.presence.enter(box, this.#name);
    if (this.#state !== 'proving') {
      // It left meanwhile.
      mail[Symbol.dispose]();
      return present[Symbol.asyncDispose]();
    }
    const tunnels = new BoxTunnels(
      {
        ...rooms,
        rate: rooms.tunnelRates.of(box),
        toBox: (message) => this.#send(message),
        frameToBox: (frame) => this.#push(frame),
        mail: (to, about) => rooms.bus.publish(subjectOf(to), writeMail(about)),
      },
      { box, most: rooms.limits.tunnels },
    );
    const group = addressGroup(this.#address);
    const requests = new BoxRequests(rooms, tunnels, { box, group });
    this.#mail = mail;
    this.#as = { box, present, requests, tunnels };
    this.#state = 'in';
    rooms.counters.signedIn++;
    this.#alarm.set(after(rooms.clock.now(), RENEW_EVERY));
    this.#log.debug('a box signed in', { box, software });
    this.#send({ type: 'welcome', box, software: rooms.software });
  }

  #receive(bytes: Uint8Array): void {
    const mail = readMail(bytes);
    if (!mail) return;
    if (mail.kind === 'signal')
      this.#send({ type: 'signal', from: mail.from, message: mail.message });
    else if (mail.kind !== 'replaced') this.#as?.tunnels.receive(mail);
    else if (mail.by !== this.#name)
      this.cut(CLOSE_CODES.replaced, 'this box connected anew', 'replaced');
  }

  #look(): void {
    const now = this.#rooms.clock.now();
    const as = this.#as;
    if (!as) this.cut(CLOSE_CODES.silent, 'no sign-in came', 'noSignIn');
    else if (elapsed(this.#heardAt, now) > SILENT_FOR)
      this.cut(CLOSE_CODES.silent, 'nothing was heard for a minute', 'silent');
    else {
      this.#alarm.set(after(now, RENEW_EVERY));
      this.#inTurn(async () => {
        if (await as.present.renew()) await as.requests.renew();
        else this.cut(CLOSE_CODES.replaced, 'this box connected anew', 'replaced');
      });
    }
  }

  #malformed(fault: string): void {
    count(this.#rooms.counters.faults, fault);
    this.cut(CLOSE_CODES.malformed, `that is not this protocol (${fault})`, 'malformed');
  }

  #send(message: ServerMessage): void {
    this.#push(writeMessage(message));
  }

  #push(message: string | Uint8Array): void {
    if (this.#state === 'ended') return;
    if (this.#socket.unsent > this.#rooms.limits.unsent)
      this.cut(CLOSE_CODES.tooSlow, 'too much waits to be taken', 'tooSlow');
    else this.#socket.send(message);
  }

  /** `reason`: for the other ends of its tunnels. */
  #end(reason: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#alarm[Symbol.dispose]();
    this.#mail?.[Symbol.dispose]();
    this.#rooms.connectionEnded(this, this.#address);
    const as = this.#as;
    this.#as = undefined;
    if (!as) return;
    this.#rooms.counters.signedIn--;
    as.tunnels.closeAll(reason);
    this.#turn = this.#turn.then(() => this.#signOut(as));
  }

  async #signOut({ requests, present }: SignedIn): Promise<void> {
    try {
      await requests[Symbol.asyncDispose]();
      await present[Symbol.asyncDispose]();
    } catch (failure) {
      // What stays in the store runs out by itself.
      this.#log.warn('a box was not signed out', { failure });
    }
  }

  /** Resolves when it has left nothing behind. */
  async settled(): Promise<void> {
    await this.#turn;
  }
}

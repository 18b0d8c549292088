/**
 * One WebRTC connection on its way: from descriptions and candidates to an open stream.
 *
 * Takes  signals of the far end: one description, MAX_CANDIDATES candidates of sane form.
 * Gives  its own signals, then the stream, or words about why there will be none.
 * Keeps  the connection's objects until they are closed.
 */
import { after, fromSeconds } from '../core/time.ts';
import { ToldOnce } from '../core/told-once.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type {
  PeerConnection,
  PeerConnectionInit,
  PeerSignal,
  PeerStream,
} from '../ports/peer-connection.ts';
import { KeptSignals } from '../transport/peer-connection/kept-signals.ts';
import {
  channelBinding,
  fingerprintOctets,
  fingerprintOf,
  fingerprintText,
  MAX_CANDIDATES,
  readCandidate,
} from '../transport/peer-connection/session-description.ts';
import { bindAddress } from './webrtc-bind-address.ts';
import { isTurn, libraryServers } from './webrtc-ice-servers.ts';
import { LibraryConnection, type LibraryEvents } from './webrtc-library.ts';
import { OwnCandidates } from './webrtc-own-candidates.ts';
import { routeOf } from './webrtc-route.ts';
import { WebRtcStream } from './webrtc-stream.ts';

/** Whoever isn't open by then won't be: ICE's checks are over long before. */
const OPEN_LIMIT = fromSeconds(15);
const NO_WAY = 'no way to the other box was found; is it on the same network, or on the internet?';
/** Rare since OwnCandidates: the library began DTLS before it knew the fingerprint to expect. */
const BROKE_OFF = 'the connection broke off before it was secure; try again';
const WRONG_CERTIFICATE =
  "the other box's certificate is not the one it announced; somebody may be between";

interface WebRtcConnectionDeps {
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
  readonly onReleased: () => void;
}

export class WebRtcConnection implements PeerConnection {
  readonly #deps: WebRtcConnectionDeps;
  readonly #init: PeerConnectionInit;
  readonly #signals = new KeptSignals();
  readonly #opened = new ToldOnce<[PeerStream]>();
  readonly #failed = new ToldOnce<[string]>();
  readonly #limit: Alarm;
  readonly #candidatesOut: OwnCandidates;
  #library: LibraryConnection | undefined;
  #own: Uint8Array | undefined;
  #told: Uint8Array | undefined;
  #described = false;
  /** The interface of a link-local address that we bound: addresses of that kind mean nothing without it. */
  #zone: string | undefined;
  /** Candidates that overtook the description. */
  readonly #early: { readonly candidate: string; readonly mid: string }[] = [];
  #candidates = 0;
  #stream: WebRtcStream | undefined;
  #released: Promise<void> | undefined;

  constructor(deps: WebRtcConnectionDeps, init: PeerConnectionInit) {
    this.#deps = deps;
    this.#init = init;
    this.#limit = deps.clock.alarm(() => this.#fail(NO_WAY));
    this.#candidatesOut = new OwnCandidates(deps.clock, init.role, (candidate) =>
      this.#signals.emit(candidate),
    );
  }

  /** Once. What fails here is told to who listens afterwards. */
  begin(): void {
    this.#limit.set(after(this.#deps.clock.now(), OPEN_LIMIT));
    this.#attempt(() => {
      const { iceServers, relayOnly = false, host, role } = this.#init;
      const servers = libraryServers(iceServers);
      if (relayOnly && !servers.some(isTurn)) {
        this.#fail('only relayed connections are wanted, and there is no TURN server over UDP');
        return;
      }
      const address = bindAddress(host);
      this.#zone = address?.split('%')[1];
      const init = { iceServers: servers, relayOnly, bindAddress: address };
      this.#library = new LibraryConnection(init, this.#events());
      if (role === 'offerer') this.#library.offer();
    });
  }

  /** Instead of `begin`. */
  refuse(reason: string): void {
    this.#fail(reason);
  }

  onSignal(listener: (signal: PeerSignal) => void): Disposable {
    return this.#signals.listen(listener);
  }

  onOpen(listener: (stream: PeerStream) => void): Disposable {
    return this.#opened.listen(listener);
  }

  onFailed(listener: (reason: string) => void): Disposable {
    return this.#failed.listen(listener);
  }

  signal(signal: PeerSignal): void {
    if (this.#released || this.#stream) return;
    switch (signal.kind) {
      case 'description':
        this.#describe(signal.type, signal.sdp);
        break;
      case 'candidate':
        this.#takeCandidate(signal.candidate, signal.mid);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stream) await this.#stream[Symbol.asyncDispose]();
    else this.#fail('it was closed before it was open');
    await this.#release();
  }

  #events(): LibraryEvents {
    return {
      description: (sdp) => {
        this.#own = fingerprintOf(sdp);
        const type = this.#init.role === 'offerer' ? 'offer' : 'answer';
        this.#signals.emit({ kind: 'description', type, sdp });
      },
      candidate: (text, mid) => {
        const candidate = text.replace(/^a=/, '').replace(/%\w+/, '');
        const read = readCandidate(candidate, mid);
        if (!read || (this.#init.relayOnly && read.type !== 'relay')) return;
        this.#candidatesOut.found({ kind: 'candidate', candidate, mid }, read.type);
      },
      opened: () => this.#open(),
      bytes: (bytes) => this.#stream?.receive(bytes),
      ended: () => this.#stream?.finish(),
      packet: (packet) => this.#stream?.packets.receive(packet),
      closed: () => {
        if (this.#stream) this.#stream.lose();
        else this.#fail(BROKE_OFF);
      },
      fault: (error) => {
        this.#deps.onFault(error);
        if (this.#stream) this.#stream.lose();
        else this.#fail('it ran into a fault of its own; the log has the details');
      },
    };
  }

  #describe(type: 'offer' | 'answer', sdp: string): void {
    const wanted = this.#init.role === 'offerer' ? 'answer' : 'offer';
    const told = fingerprintOf(sdp);
    const library = this.#library;
    if (type !== wanted || !told || this.#described || !library) {
      this.#fail(`the other box's ${type} can't be used; is it of the same version?`);
      return;
    }
    this.#described = true;
    this.#told = told;
    this.#attempt(() => {
      if (type === 'offer') library.answer(sdp);
      else library.accept(sdp);
    });
    this.#candidatesOut.answered();
    for (const { candidate, mid } of this.#early.splice(0)) this.#addCandidate(candidate, mid);
  }

  #takeCandidate(candidate: string, mid: string): void {
    if (this.#candidates++ >= MAX_CANDIDATES) return;
    const read = readCandidate(candidate, mid);
    // Checks of ours towards anything but a relay would tell the far end where we are.
    if (!read || (this.#init.relayOnly && read.type !== 'relay')) return;
    if (this.#described) this.#addCandidate(candidate, mid);
    else this.#early.push({ candidate, mid });
  }

  #addCandidate(candidate: string, mid: string): void {
    // It has ended meanwhile, by our hand or in a thread of the library: nothing is missing.
    if (this.#released || this.#library?.ended) return;
    try {
      this.#library?.addCandidate(this.#withZone(candidate), mid);
    } catch (error) {
      // One of several: the others may serve.
      this.#deps.onFault(error);
    }
  }

  #withZone(candidate: string): string {
    if (this.#zone === undefined) return candidate;
    return candidate.replace(/ (fe[89ab][0-9a-f]:[0-9a-f:]*) /i, ` $1%${this.#zone} `);
  }

  #open(): void {
    const library = this.#library;
    const own = this.#own;
    const told = this.#told;
    if (!library || !own || !told || this.#stream || this.#released) return;
    const shown = fingerprintOctets(library.remoteFingerprint ?? '');
    const { pair } = library;
    if (!shown || fingerprintText(shown) !== fingerprintText(told)) {
      this.#fail(WRONG_CERTIFICATE);
      return;
    }
    if (!pair) {
      this.#fail(NO_WAY);
      return;
    }
    this.#limit[Symbol.dispose]();
    this.#candidatesOut[Symbol.dispose]();
    const offers = this.#init.role === 'offerer';
    const stream = new WebRtcStream({
      connection: library,
      clock: this.#deps.clock,
      binding: offers ? channelBinding(own, shown) : channelBinding(shown, own),
      route: routeOf(pair),
      release: () => this.#release(),
    });
    this.#stream = stream;
    this.#opened.tell(stream);
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.#fail(`a connection can't be made (${words})`);
    }
  }

  #fail(reason: string): void {
    if (this.#opened.told || this.#failed.told) return;
    void this.#release();
    this.#failed.tell(reason);
  }

  #release(): Promise<void> {
    this.#released ??= (async () => {
      this.#signals.close();
      this.#limit[Symbol.dispose]();
      this.#candidatesOut[Symbol.dispose]();
      await this.#library?.close();
      this.#deps.onReleased();
    })();
    return this.#released;
  }
}

/**
 * The objects of node-datachannel that make one connection, and the rules of using them.
 *
 * Takes  descriptions, candidates, bytes and packets.
 * Gives  events, all through one gate: an exception that left a callback would end the process, so it ends the
 *        connection instead and is counted.
 * Keeps  every object of the library until it has reported that it is closed: one that is collected before would be
 *        called by the library's threads.
 *
 * node-datachannel 0.33.4: `setLocalDescription` lets a C++ exception through (no address, no file descriptor left),
 * which ends the process; negotiation that the library begins itself does not. So the offerer creates its data channel,
 * which makes the offer, and the answerer sets the remote description, which makes the answer. `close` of a data channel
 * waits up to a second for the network in the caller's thread; `close` of the connection does not.
 */
import library, {
  type DataChannel,
  type IceServer,
  type PeerConnection,
  type SelectedCandidateInfo,
  type Track,
} from 'node-datachannel';

/** Payload types: RTP-MIDI, AppleMIDI's commands of its two ports, packets that are passed on, probes; packets for many, their copies, reports. */
const CODECS: readonly (readonly [number, string])[] = [
  [97, 'rtp-midi/48000'],
  [98, 'apple-midi/48000'],
  [99, 'apple-midi/48000'],
  [100, 'forwarded-midi/48000'],
  [101, 'probe/48000'],
  [102, 'stream-midi/48000'],
  [103, 'copied-midi/48000'],
  [104, 'reports/48000'],
];
const TRACK = 'midi';
const CHANNEL = { label: 'link', init: { negotiated: true, id: 0 } } as const;
/** What SCTP holds of a stream that is being sent; the rest waits before it, where it is counted. */
const SEND_BUFFER = 256 * 1_024;
/** By then the library has let go of everything, or never will. */
const RELEASE_LIMIT_MS = 5_000;
/** A string among the octets: nothing comes after. */
const END = 'end';

/** For all connections to come of this process. */
export function prepareLibrary(): void {
  library.setSctpSettings({ sendBufferSize: SEND_BUFFER });
}

export interface LibraryEvents {
  description(sdp: string): void;
  candidate(candidate: string, mid: string): void;
  /** Of the data channel, the track and the connection. */
  opened(): void;
  bytes(bytes: Uint8Array): void;
  /** The far end writes no more. */
  ended(): void;
  packet(packet: Uint8Array): void;
  /** It broke, or the far end closed it. */
  closed(): void;
  /** One of the above threw. */
  fault(error: unknown): void;
}

export interface LibraryInit {
  readonly iceServers: IceServer[];
  readonly relayOnly: boolean;
  readonly bindAddress: string | undefined;
}

export class LibraryConnection {
  readonly #events: LibraryEvents;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  #channel: DataChannel | undefined;
  #trackOpen = false;
  #channelOpen = false;
  /** Objects that have not reported that they are closed. */
  #held = 0;
  #closing = false;
  #released: (() => void) | undefined;

  constructor(init: LibraryInit, events: LibraryEvents) {
    this.#events = events;
    const connection = new library.PeerConnection('togthr', {
      iceServers: init.iceServers,
      iceTransportPolicy: init.relayOnly ? 'relay' : 'all',
      ...(init.bindAddress === undefined ? {} : { bindAddress: init.bindAddress }),
    });
    this.#connection = connection;
    this.#hold();
    connection.onStateChange((state) => {
      if (state === 'closed') this.#letGo();
      if (state === 'closed' || state === 'failed') this.#tell(() => events.closed());
    });
    connection.onLocalDescription((sdp) => this.#tell(() => events.description(sdp)));
    connection.onLocalCandidate((text, mid) => this.#tell(() => events.candidate(text, mid)));
    const audio = new library.Audio(TRACK, 'SendRecv');
    for (const [type, codec] of CODECS) audio.addAudioCodec(type, codec);
    const track = connection.addTrack(audio);
    this.#track = track;
    this.#hold();
    track.onClosed(() => this.#letGo());
    track.onOpen(() => {
      this.#trackOpen = true;
      this.#tellOpen();
    });
    track.onMessage((packet) => this.#tell(() => events.packet(plain(packet))));
  }

  /** Makes the offer. May throw. */
  offer(): void {
    this.#openChannel();
  }

  /** Takes the offer and makes the answer. May throw. */
  answer(offer: string): void {
    this.#connection.setRemoteDescription(offer, 'offer');
    this.#openChannel();
  }

  /** May throw. */
  accept(answer: string): void {
    this.#connection.setRemoteDescription(answer, 'answer');
  }

  /** May throw. */
  addCandidate(candidate: string, mid: string): void {
    this.#connection.addRemoteCandidate(candidate, mid);
  }

  /** Of the certificate that the far end has proven to have; undefined before. */
  get remoteFingerprint(): string | undefined {
    const { algorithm, value } = this.#connection.remoteFingerprint();
    return algorithm === 'sha-256' && value !== '' ? value : undefined;
  }

  get pair(): { local: SelectedCandidateInfo; remote: SelectedCandidateInfo } | undefined {
    return this.#connection.getSelectedCandidatePair() ?? undefined;
  }

  /** The library has ended it, which may be before the event of that. */
  get ended(): boolean {
    if (this.#closing) return true;
    const state = this.#connection.state();
    return state === 'closed' || state === 'failed';
  }

  /** Octets that SCTP has not taken yet. */
  get waiting(): number {
    return this.#channel?.bufferedAmount() ?? 0;
  }

  /** Copies. False when it is closed. */
  send(bytes: Uint8Array): boolean {
    return this.#try(() => this.#channel?.sendMessageBinary(bytes));
  }

  sendEnd(): boolean {
    return this.#try(() => this.#channel?.sendMessage(END));
  }

  /** Copies. False when it can't be sent. */
  sendPacket(packet: Uint8Array, length: number): boolean {
    const { buffer, byteOffset } = packet;
    return this.#try(() => this.#track.sendMessageBinary(Buffer.from(buffer, byteOffset, length)));
  }

  /** Drops the connection; resolves when the library has let go of it. No event comes after this call. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const released = new Promise<void>((resolve) => {
      const late = setTimeout(resolve, RELEASE_LIMIT_MS);
      this.#released = () => {
        clearTimeout(late);
        resolve();
      };
    });
    this.#try(() => this.#connection.close());
    if (this.#held === 0) this.#released?.();
    await released;
    // After the library has called for the last time: callbacks that it still holds would keep the process alive.
    await new Promise((resolve) => setImmediate(resolve));
    this.#try(() => this.#track.close());
    this.#try(() => this.#channel?.close());
  }

  #openChannel(): void {
    const channel = this.#connection.createDataChannel(CHANNEL.label, CHANNEL.init);
    this.#channel = channel;
    this.#hold();
    channel.onClosed(() => {
      this.#letGo();
      this.#tell(() => this.#events.closed());
    });
    channel.onOpen(() => {
      this.#channelOpen = true;
      this.#tellOpen();
    });
    channel.onMessage((message) => {
      if (typeof message !== 'string') {
        this.#tell(() => this.#events.bytes(plain(message)));
      } else if (message === END) this.#tell(() => this.#events.ended());
    });
  }

  #tellOpen(): void {
    if (this.#trackOpen && this.#channelOpen) this.#tell(() => this.#events.opened());
  }

  /** The gate: nothing is thrown into the library. */
  #tell(event: () => void): void {
    if (this.#closing) return;
    try {
      event();
    } catch (error) {
      this.#events.fault(error);
    }
  }

  #try(call: () => unknown): boolean {
    try {
      return call() !== undefined;
    } catch {
      // Closed meanwhile: the event of that is on its way.
      return false;
    }
  }

  #hold(): void {
    this.#held++;
  }

  #letGo(): void {
    this.#held--;
    if (this.#held === 0) this.#released?.();
  }
}

/** A plain view, since slice() of a Buffer does not copy and that of a Uint8Array does. */
function plain(message: Buffer | ArrayBuffer): Uint8Array {
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
}

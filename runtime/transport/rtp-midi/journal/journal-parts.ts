/**
 * A journal too big for a packet, sent in parts: which parts go into a packet, and which of them the peer must have.
 *
 * Takes  how long each part would be; each packet as it is written; reports.
 * Gives  the parts for this packet, and for each part from which stamp on commands are due.
 * Keeps  for each packet of the history, what it left out. Made when first needed; nothing grows.
 *
 * There are 33 parts: the system journal, and of each channel what lasts (P C M W T) and what passes (N E A). The
 * checkpoint stays where it is, so no loss is uncovered, and every part obeys the definitions; that others are left out
 * is against the letter of appendix A.1, and the alternative would be to give state up.
 *
 * A receiver reads a journal only after a gap, and looks at all of it only if two packets are missing. So the first
 * guard packet with a new choice of parts leaves out two sequence numbers. Once it or a later one with the same choice is
 * reported, the peer has those parts, and the next ones follow. A part that a packet left out is in doubt until then: the
 * packet may have been the one that a loss was repaired from.
 * Spec   RFC 6295 appendices A.1 (S bits, what is due) and C.2.2.2.
 */

const CHANNELS = 16;
const PARTS = 2 * CHANNELS;
/** Place of the system journal in `confirmed` and `anchor`, and in `sizes`. */
const SYSTEM = CHANNELS;
const SYSTEM_SIZE = PARTS;
const CHANNEL_HEADER_OCTETS = 3;
/** LENGTH has ten bits. */
const MAX_LENGTH = 1_023;
/** A choice takes no more than this at first, so that it still fits when it has grown, or beside some commands. */
const CHOICE_OCTETS = 1_000;
/** Every bit. */
const ALL = -1;
const NONE = 0;
const WITHOUT_SYSTEM = 1;
const AFTER_GAP = 2;

export class JournalParts {
  /** Stamps as in JournalView, for each channel and then for the system journal. */
  readonly confirmed: Float64Array = new Float64Array(CHANNELS + 1);
  readonly anchor: Float64Array = new Float64Array(CHANNELS + 1);
  /** Octets of each part without its channel's header: what lasts, what passes; then the system journal. */
  readonly sizes: Uint16Array = new Uint16Array(PARTS + 1);
  /** What goes into the packet at hand: bits 0 to 15 what lasts, 16 to 31 what passes. */
  included: number = ALL;
  includesSystem = true;
  /** Some part is in doubt, or was left out of a packet that is not reported yet. */
  active = false;
  readonly #packets: number;
  readonly #leftOut: Uint32Array;
  readonly #flags: Uint8Array;
  #doubt = NONE;
  #doubtsSystem = false;
  /** The newest packet that left something out. */
  #incomplete = -1;
  /** What is sent until it is reported. */
  #chosen = NONE;
  #choseSystem = false;
  /** Where the next choice begins. */
  #turn = 0;
  #next = 0;
  /** The first packet after a gap that has the present choice; -1: there was none. */
  #gapAt = -1;

  /** `packets`: how many packets the history has. */
  constructor(packets: number) {
    this.#packets = packets;
    this.#leftOut = new Uint32Array(packets);
    this.#flags = new Uint8Array(packets);
  }

  get confirmedSystem(): number {
    return this.confirmed[SYSTEM] as number;
  }

  /** The next guard packet is to follow a gap, so that its journal is read. */
  get wantsGap(): boolean {
    return this.active && this.#gapAt < 0;
  }

  /** From now on journals may be partial; all parts are due from the same stamps at first. */
  begin(confirmed: number, anchor: number): void {
    this.active = true;
    this.confirmed.fill(confirmed);
    this.anchor.fill(anchor);
    this.#doubt = NONE;
    this.#doubtsSystem = false;
    this.#turn = 0;
    this.nextChoice();
  }

  /** The parts chosen last have had their chance. */
  nextChoice(): void {
    this.#chosen = NONE;
    this.#gapAt = -1;
  }

  /** What passed longer ago than this is given up in any case: the checkpoint has moved. */
  moved(confirmed: number): void {
    for (let i = 0; i <= SYSTEM; i++) {
      this.confirmed[i] = Math.max(confirmed, this.confirmed[i] as number);
    }
  }

  /** Chooses parts for a packet with so much room for them; `empty`: it has no commands. */
  choose(room: number, empty: boolean): void {
    const before = this.#chosen;
    if (this.#fits(ALL, true, room)) {
      this.#fill(ALL, true, room);
    } else if (before !== NONE && before !== ALL && (!empty || this.#keeps(room))) {
      // Beside many commands there may be room for a part of the choice only.
      this.#fill(before, this.#choseSystem, room);
      return;
    } else {
      this.#fillAnew(room);
    }
    this.#chosen = this.included;
    this.#choseSystem = this.includesSystem;
    if (this.#chosen !== before) this.#gapAt = -1;
  }

  /** The packet is written; `gap`: it follows one. */
  note(packet: number, gap: boolean): void {
    if (!this.active) {
      this.pass(packet);
      return;
    }
    let leftOut = NONE;
    for (let part = 0; part < PARTS; part++) {
      if (this.#size(part) !== 0 && (this.included & (1 << part)) === 0) leftOut |= 1 << part;
    }
    const withoutSystem = this.#size(SYSTEM_SIZE) !== 0 && !this.includesSystem;
    const at = packet % this.#packets;
    this.#leftOut[at] = leftOut;
    this.#flags[at] = (withoutSystem ? WITHOUT_SYSTEM : 0) | (gap ? AFTER_GAP : 0);
    if (leftOut !== NONE || withoutSystem) this.#incomplete = packet;
    if (gap) this.#gapAt = packet;
  }

  /** Nothing is left out of this packet, or there is no such packet. */
  pass(packet: number): void {
    this.#leftOut[packet % this.#packets] = NONE;
    this.#flags[packet % this.#packets] = 0;
  }

  /**
   * All up to packet `to` has arrived or was repaired, where before that was known up to `from`. `stamp` is that of
   * the newest command by then. True when nothing is in doubt any more.
   */
  reported(from: number, to: number, stamp: number): boolean {
    for (let packet = Math.max(from + 1, to - this.#packets + 1); packet <= to; packet++) {
      const leftOut = this.#leftOut[packet % this.#packets] as number;
      const flags = this.#flags[packet % this.#packets] as number;
      const isNew = (flags & AFTER_GAP) !== 0;
      this.#doubt = isNew ? leftOut : this.#doubt | leftOut;
      this.#doubtsSystem = (flags & WITHOUT_SYSTEM) !== 0 || (this.#doubtsSystem && !isNew);
    }
    for (let channel = 0; channel < CHANNELS; channel++) {
      if ((this.#doubt & (1 << channel)) === 0) this.anchor[channel] = stamp;
      if ((this.#doubt & (1 << (CHANNELS + channel))) === 0) this.confirmed[channel] = stamp;
    }
    if (!this.#doubtsSystem) {
      this.anchor[SYSTEM] = stamp;
      this.confirmed[SYSTEM] = stamp;
    }
    if (this.#gapAt >= 0 && to >= this.#gapAt) this.nextChoice();
    const settled = this.#doubt === NONE && !this.#doubtsSystem;
    if (settled && to >= this.#incomplete) this.active = false;
    return settled;
  }

  #keeps(room: number): boolean {
    return this.#fits(this.#chosen, this.#choseSystem, room);
  }

  #fits(parts: number, system: boolean, room: number): boolean {
    let octets = system ? this.#size(SYSTEM_SIZE) : 0;
    if (octets > MAX_LENGTH) return false;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const length = this.#channelLength(channel, parts);
      if (length > MAX_LENGTH) return false;
      octets += length;
    }
    return octets <= room;
  }

  /** Another choice. The system journal goes first, unless nothing else has room beside it. */
  #fillAnew(room: number): void {
    const some = Math.min(room, CHOICE_OCTETS);
    if (!this.#fill(ALL, true, some) && !this.#fill(ALL, false, some)) this.#fill(ALL, true, room);
    this.#turn = this.#next;
  }

  /** Includes as many of these parts as there is room for, beginning where it is their turn; false if that is none. */
  #fill(parts: number, system: boolean, room: number): boolean {
    this.includesSystem = system && this.#size(SYSTEM_SIZE) <= Math.min(room, MAX_LENGTH);
    let octets = this.includesSystem ? this.#size(SYSTEM_SIZE) : 0;
    let included = NONE;
    let turn = -1;
    for (let i = 0; i < PARTS; i++) {
      // What lasts and what passes of one channel follow on one another.
      const step = (this.#turn + i) % PARTS;
      const channel = step >> 1;
      const bit = 1 << (channel + (step & 1) * CHANNELS);
      if ((parts & bit) === 0) continue;
      const length = this.#channelLength(channel, included | bit);
      const grown = octets + length - this.#channelLength(channel, included);
      if (length <= MAX_LENGTH && grown <= room) {
        included |= bit;
        octets = grown;
      } else if (turn < 0 && this.#channelLength(channel, bit) <= MAX_LENGTH) {
        turn = step;
      }
    }
    this.included = included;
    this.#next = turn < 0 ? this.#turn : turn;
    return octets > (this.includesSystem ? this.#size(SYSTEM_SIZE) : 0);
  }

  #channelLength(channel: number, parts: number): number {
    const lasting = (parts & (1 << channel)) === 0 ? 0 : this.#size(channel);
    const passing =
      (parts & (1 << (CHANNELS + channel))) === 0 ? 0 : this.#size(CHANNELS + channel);
    return lasting + passing === 0 ? 0 : CHANNEL_HEADER_OCTETS + lasting + passing;
  }

  #size(part: number): number {
    return this.sizes[part] as number;
  }
}

/**
 * Registered and non-registered parameters of one channel: which is selected, and what was entered.
 *
 * Takes  the controllers 6, 38 and 96 to 101, and word of CC 121 and resets.
 * Gives  what Chapter M codes. Says whether a data controller belongs to a parameter at all.
 * Keeps  at most MAX_PARAMETERS logs, the least recent one given up first.
 * Spec   RFC 6295 appendices A.1 (transactions), A.3.4 and A.4.
 */
import {
  DATA_DECREMENT,
  DATA_ENTRY_LSB,
  DATA_ENTRY_MSB,
  DATA_INCREMENT,
  NRPN_LSB,
  NRPN_MSB,
  RPN_LSB,
  RPN_MSB,
} from './controllers.ts';

const MAX_PARAMETERS = 32;
const MAX_BUTTONS = 16_383;
const NULL_NUMBER = 127;

/** What is selected: nothing, the first half of a number (99 or 101 came), a parameter, or the null parameter. */
export type Selection = 'none' | 'pending' | 'open' | 'null';

export interface Parameter {
  nrpn: boolean;
  msb: number;
  lsb: number;
  /** Of the newest command in a transaction for it. */
  stamp: number;
  /** -1: never entered. */
  entryMsb: number;
  entryLsb: number;
  /** Increments less decrements since the last entry (A-BUTTON), and since CC 121 as well (C-BUTTON). */
  buttons: number;
  buttonsSinceReset: number;
  /** Whether there were any, so that a sum of 0 is coded too. */
  pressed: boolean;
  /** The entries, and the buttons, are older than the last CC 121. */
  entryMsbBeforeReset: boolean;
  entryLsbBeforeReset: boolean;
  buttonsBeforeReset: boolean;
}

export class Parameters {
  /** Oldest transaction first. */
  readonly list: Parameter[] = [];
  selection: Selection = 'none';
  nrpn = false;
  msb = 0;
  lsb = 0;
  /** Of the newest command that selected something, C-active. */
  selectionStamp = 0;
  /** Logs given up because there were too many. */
  givenUp = 0;

  /** Takes controller 6, 38 or 96 to 101. False: it is used in a general-purpose way, and is Chapter C's. */
  take(controller: number, value: number, stamp: number): boolean {
    switch (controller) {
      case NRPN_MSB:
      case RPN_MSB:
        this.nrpn = controller === NRPN_MSB;
        this.msb = value;
        this.selection = 'pending';
        this.selectionStamp = stamp;
        return true;
      case NRPN_LSB:
      case RPN_LSB:
        this.#select(controller === NRPN_LSB, value, stamp);
        return true;
      case DATA_ENTRY_MSB:
      case DATA_ENTRY_LSB:
      case DATA_INCREMENT:
      case DATA_DECREMENT:
        return this.#enter(controller, value, stamp);
      default:
        return false;
    }
  }

  /** CC 121 closes the transaction and leaves the values alone (RP-015). */
  resetControllers(): void {
    this.selection = 'none';
    this.selectionStamp = 0;
    this.msb = 0;
    for (const parameter of this.list) {
      parameter.entryMsbBeforeReset = true;
      parameter.entryLsbBeforeReset = true;
      parameter.buttonsBeforeReset = true;
      parameter.buttonsSinceReset = 0;
    }
  }

  clear(): void {
    this.list.length = 0;
    this.selection = 'none';
    this.selectionStamp = 0;
    this.msb = 0;
  }

  find(nrpn: boolean, msb: number, lsb: number): Parameter | undefined {
    for (const parameter of this.list) {
      if (parameter.lsb === lsb && parameter.msb === msb && parameter.nrpn === nrpn)
        return parameter;
    }
    return undefined;
  }

  #select(nrpn: boolean, lsb: number, stamp: number): void {
    // An LSB alone takes the MSB that came last (type 2 variant).
    this.nrpn = nrpn;
    this.lsb = lsb;
    this.selectionStamp = stamp;
    if (this.msb === NULL_NUMBER && lsb === NULL_NUMBER) {
      this.selection = 'null';
      return;
    }
    this.selection = 'open';
    this.#renew(stamp);
  }

  #enter(controller: number, value: number, stamp: number): boolean {
    if (this.selection === 'none' || this.selection === 'null') return false;
    if (this.selection === 'pending') {
      // Data without an LSB: the LSB is 0 (type 3 variant).
      this.lsb = 0;
      this.selection = 'open';
    }
    this.selectionStamp = stamp;
    const parameter = this.#renew(stamp);
    if (controller === DATA_ENTRY_MSB) {
      parameter.entryMsb = value;
      parameter.entryMsbBeforeReset = false;
      parameter.entryLsb = -1;
      this.#releaseButtons(parameter);
    } else if (controller === DATA_ENTRY_LSB) {
      parameter.entryLsb = value;
      parameter.entryLsbBeforeReset = false;
      this.#releaseButtons(parameter);
    } else {
      const by = controller === DATA_INCREMENT ? 1 : -1;
      parameter.buttons = clampButtons(parameter.buttons + by);
      parameter.buttonsSinceReset = clampButtons(parameter.buttonsSinceReset + by);
      parameter.buttonsBeforeReset = false;
      parameter.pressed = true;
    }
    return true;
  }

  #releaseButtons(parameter: Parameter): void {
    parameter.buttons = 0;
    parameter.buttonsSinceReset = 0;
    parameter.pressed = false;
  }

  /** The selected parameter, moved to the end of the list. */
  #renew(stamp: number): Parameter {
    const { list } = this;
    const newest = list.at(-1);
    const held = this.find(this.nrpn, this.msb, this.lsb);
    if (held && held !== newest) list.splice(list.indexOf(held), 1);
    const parameter = held ?? emptyParameter(this.nrpn, this.msb, this.lsb);
    if (held !== newest || !held) {
      if (list.length >= MAX_PARAMETERS) {
        list.shift();
        this.givenUp++;
      }
      list.push(parameter);
    }
    parameter.stamp = stamp;
    return parameter;
  }
}

function emptyParameter(nrpn: boolean, msb: number, lsb: number): Parameter {
  return {
    nrpn,
    msb,
    lsb,
    stamp: 0,
    entryMsb: -1,
    entryLsb: -1,
    buttons: 0,
    buttonsSinceReset: 0,
    pressed: false,
    entryMsbBeforeReset: false,
    entryLsbBeforeReset: false,
    buttonsBeforeReset: false,
  };
}

function clampButtons(sum: number): number {
  return Math.max(-MAX_BUTTONS, Math.min(MAX_BUTTONS, sum));
}

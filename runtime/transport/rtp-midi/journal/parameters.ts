/**
 * Registered and non-registered parameters of one channel: which is selected, and what was entered.
 *
 * Takes  the controllers 6, 38 and 96 to 101, and word of CC 121 and resets.
 * Gives  what Chapter M codes. Says whether a data controller belongs to a parameter at all.
 * Keeps  at most MAX_PARAMETERS, linked from the newest transaction to the oldest; that one is given up first.
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

/** More than a Chapter M could hold. */
const MAX_PARAMETERS = 256;
const MAX_BUTTONS = 16_383;
/** Both halves of the null parameter; also what is in force before any was set, and after CC 121 (RP-015). */
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
  /** -1: never entered, or not since the MSB. */
  entryLsb: number;
  /** Increments less decrements since the last entry (A-BUTTON), and since CC 121 as well (C-BUTTON). */
  buttons: number;
  buttonsSinceReset: number;
  /** Whether there were any, so that a sum of 0 is coded too; and of the newest, even if an entry came since. */
  pressed: boolean;
  pressStamp: number;
  /** The entries, and the buttons, are older than the last CC 121. */
  entryMsbBeforeReset: boolean;
  entryLsbBeforeReset: boolean;
  buttonsBeforeReset: boolean;
  /** Transactions begun, modulo 128. */
  transactions: number;
  newer: Parameter | undefined;
  older: Parameter | undefined;
}

export class Parameters {
  newest: Parameter | undefined;
  selection: Selection = 'none';
  nrpn = false;
  msb: number = NULL_NUMBER;
  lsb: number = NULL_NUMBER;
  /** Of the newest command that selected something or entered data, C-active. */
  selectionStamp = 0;
  /** Chapters that had to do without a log because they grew too long. */
  leftOut = 0;
  #oldest: Parameter | undefined;
  readonly #byNumber = new Map<number, Parameter>();

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
    this.#deselect();
    for (let parameter = this.newest; parameter; parameter = parameter.older) {
      parameter.entryMsbBeforeReset = true;
      parameter.entryLsbBeforeReset = true;
      parameter.buttonsBeforeReset = parameter.pressed;
      parameter.buttonsSinceReset = 0;
    }
  }

  clear(): void {
    this.#deselect();
    this.newest = undefined;
    this.#oldest = undefined;
    this.#byNumber.clear();
  }

  find(nrpn: boolean, msb: number, lsb: number): Parameter | undefined {
    return this.#byNumber.get(numberOf(nrpn, msb, lsb));
  }

  #deselect(): void {
    this.selection = 'none';
    this.selectionStamp = 0;
    this.msb = NULL_NUMBER;
    this.lsb = NULL_NUMBER;
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
    this.#begin(stamp);
  }

  #enter(controller: number, value: number, stamp: number): boolean {
    if (this.selection === 'none' || this.selection === 'null') return false;
    this.selectionStamp = stamp;
    if (this.selection === 'pending') {
      // Data without an LSB: the LSB is 0 (type 3 variant).
      this.lsb = 0;
      this.#begin(stamp);
    }
    const parameter = this.#renew(stamp);
    if (controller === DATA_ENTRY_MSB) {
      parameter.entryMsb = value;
      parameter.entryMsbBeforeReset = false;
      parameter.entryLsb = -1;
      releaseButtons(parameter);
    } else if (controller === DATA_ENTRY_LSB) {
      parameter.entryLsb = value;
      parameter.entryLsbBeforeReset = false;
      releaseButtons(parameter);
    } else {
      const by = controller === DATA_INCREMENT ? 1 : -1;
      parameter.buttons = clampButtons(parameter.buttons + by);
      parameter.buttonsSinceReset = clampButtons(parameter.buttonsSinceReset + by);
      parameter.buttonsBeforeReset = false;
      parameter.pressed = true;
      parameter.pressStamp = stamp;
    }
    return true;
  }

  #begin(stamp: number): void {
    this.selection = 'open';
    const parameter = this.#renew(stamp);
    parameter.transactions = (parameter.transactions + 1) & 127;
  }

  /** The selected parameter, moved to the newest place. */
  #renew(stamp: number): Parameter {
    const { newest, nrpn, msb, lsb } = this;
    if (newest && newest.lsb === lsb && newest.msb === msb && newest.nrpn === nrpn) {
      newest.stamp = stamp;
      return newest;
    }
    const parameter = this.find(nrpn, msb, lsb) ?? this.#add();
    this.#unlink(parameter);
    parameter.stamp = stamp;
    parameter.older = this.newest;
    parameter.newer = undefined;
    if (this.newest) this.newest.newer = parameter;
    else this.#oldest = parameter;
    this.newest = parameter;
    return parameter;
  }

  #add(): Parameter {
    const given = this.#byNumber.size >= MAX_PARAMETERS ? this.#oldest : undefined;
    if (given) {
      this.#byNumber.delete(numberOf(given.nrpn, given.msb, given.lsb));
      this.#unlink(given);
    }
    const parameter = emptyParameter(this.nrpn, this.msb, this.lsb);
    this.#byNumber.set(numberOf(this.nrpn, this.msb, this.lsb), parameter);
    return parameter;
  }

  #unlink(parameter: Parameter): void {
    const { newer, older } = parameter;
    if (newer) newer.older = older;
    else if (this.newest === parameter) this.newest = older;
    if (older) older.newer = newer;
    else if (this.#oldest === parameter) this.#oldest = newer;
  }
}

function numberOf(nrpn: boolean, msb: number, lsb: number): number {
  return (nrpn ? 0x4000 : 0) | (msb << 7) | lsb;
}

function releaseButtons(parameter: Parameter): void {
  parameter.buttons = 0;
  parameter.buttonsSinceReset = 0;
  parameter.pressed = false;
  parameter.buttonsBeforeReset = false;
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
    pressStamp: 0,
    entryMsbBeforeReset: false,
    entryLsbBeforeReset: false,
    buttonsBeforeReset: false,
    transactions: 0,
    newer: undefined,
    older: undefined,
  };
}

function clampButtons(sum: number): number {
  return Math.max(-MAX_BUTTONS, Math.min(MAX_BUTTONS, sum));
}

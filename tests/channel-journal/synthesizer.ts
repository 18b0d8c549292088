/**
 * One channel of a synthesizer, as the MIDI specification and RP-015 describe it: what a recovery journal must keep alike at
 * both ends. Written for tests from those texts, and sharing nothing with the journal's own model.
 *
 * Takes  octets of channel messages. Gives its state, and how that of a listener differs from it.
 */
const NONE = -1;
/** More NoteOns of one key that overlap need not be made up for. */
const MOST_STRIKES = 16;
/** Their data octet means nothing (MIDI 1.0 table III), or, of parameter numbers, is told by what is selected. */
const VALUELESS = new Set([98, 99, 100, 101, 120, 121, 123, 124, 125, 127]);

interface Value {
  msb: number;
  lsb: number;
  /** Increments less decrements since the last entry. */
  steps: number;
}

export interface Tolerance {
  /** NoteOns may have been left out as too late. */
  readonly late?: boolean;
  /** Notes that are over may differ by how many NoteOns still wait, and so may those that are counted. */
  readonly counts?: boolean;
}

export class SynthesizerChannel {
  readonly velocity: number[] = new Array(128).fill(0);
  readonly count: number[] = new Array(128).fill(0);
  readonly sustained: Set<number> = new Set();
  readonly controllers: number[] = new Array(128).fill(NONE);
  /** Low halves of controllers 0 to 31, as a receiver of 14-bit values takes them: an MSB alone clears them. */
  readonly low: number[] = new Array(32).fill(0);
  program = 'none';
  bankMsb: number = NONE;
  wheel = 8_192;
  /** NONE also after All Notes Off, which ends what was pressed. */
  pressure: number = NONE;
  readonly keyPressure: number[] = new Array(128).fill(NONE);
  omni = 'default';
  mono = 'default';
  /** 'none', 'N5' (half a number), or 'N5.6'; null is none. */
  selected = 'none';
  #half = 127;
  readonly parameters: Map<string, Value> = new Map();

  message(status: number, data1: number, data2: number): void {
    switch (status & 0xf0) {
      case 0x80:
        this.#noteOff(data1);
        return;
      case 0x90:
        if (data2 === 0) this.#noteOff(data1);
        else this.#noteOn(data1, data2);
        return;
      case 0xa0:
        this.keyPressure[data1] = data2;
        return;
      case 0xb0:
        this.#control(data1, data2);
        return;
      case 0xc0:
        this.program = `${data1} of ${this.#bank()}`;
        return;
      case 0xd0:
        this.pressure = data1;
        return;
      case 0xe0:
        this.wheel = data2 * 128 + data1;
    }
  }

  /** How `heard`, a listener's channel, differs from this one. */
  differences(heard: SynthesizerChannel, tolerance: Tolerance = {}): string[] {
    const found: string[] = [];
    const differ = (what: string, here: unknown, there: unknown): void => {
      if (here !== there) found.push(`${what}: ${String(here)} but heard ${String(there)}`);
    };
    for (let key = 0; key < 128; key++) {
      const here = this.velocity[key] as number;
      const there = heard.velocity[key] as number;
      if (!tolerance.late || (here === 0) !== (there === 0)) {
        if (!(tolerance.late && there === 0)) differ(`key ${key}`, here, there);
      }
      const counts = [this.count[key] as number, heard.count[key] as number] as const;
      if (tolerance.counts || tolerance.late || here === 0 || counts[0] > MOST_STRIKES) {
        if (counts[1] > counts[0])
          found.push(`key ${key} waits for ${counts[1]}, not ${counts[0]}`);
      } else {
        differ(`count of key ${key}`, ...counts);
      }
      // A key that was struck again here may have been left out there, and what it was before rings on under the pedal.
      const rings = this.sustained.has(key) || (tolerance.late && here !== 0);
      if (heard.sustained.has(key) && !rings) found.push(`key ${key} rings on`);
      // After All Notes Off, old pressures mean nothing.
      if (this.keyPressure[key] !== NONE) {
        differ(`pressure of key ${key}`, this.keyPressure[key], heard.keyPressure[key]);
      }
    }
    for (let controller = 0; controller < 128; controller++) {
      if (VALUELESS.has(controller)) continue;
      differ(`CC ${controller}`, this.controllers[controller], heard.controllers[controller]);
      if (controller < 32) differ(`low ${controller}`, this.low[controller], heard.low[controller]);
    }
    differ('program', this.program, heard.program);
    differ('bank', this.#bank(), heard.#bank());
    differ('wheel', this.wheel, heard.wheel);
    if (this.pressure !== NONE) differ('pressure', this.pressure, heard.pressure);
    differ('omni', this.omni, heard.omni);
    differ('mono', this.mono, heard.mono);
    differ('selected', this.selected, heard.selected);
    differ('half', this.#half, heard.#half);
    for (const number of new Set([...this.parameters.keys(), ...heard.parameters.keys()])) {
      differ(number, textOf(this.parameters.get(number)), textOf(heard.parameters.get(number)));
    }
    return found;
  }

  #bank(): string {
    return this.bankMsb === NONE ? 'no bank' : `bank ${this.bankMsb}.${this.low[0]}`;
  }

  #noteOn(key: number, velocity: number): void {
    this.velocity[key] = velocity;
    this.count[key] = (this.count[key] as number) + 1;
    this.sustained.delete(key);
  }

  #noteOff(key: number): void {
    if (this.velocity[key] !== 0 && (this.controllers[64] as number) >= 64) this.sustained.add(key);
    this.velocity[key] = 0;
    this.count[key] = Math.max(0, (this.count[key] as number) - 1);
  }

  #allNotesOff(): void {
    for (let key = 0; key < 128; key++) {
      if (this.velocity[key] !== 0) this.#noteOff(key);
      this.count[key] = 0;
      this.keyPressure[key] = NONE;
    }
    this.pressure = NONE;
  }

  #control(controller: number, value: number): void {
    if (controller >= 98 && controller <= 101) {
      this.#select(controller, value);
      return;
    }
    const isData = controller === 6 || controller === 38 || controller === 96 || controller === 97;
    if (isData && this.selected !== 'none') {
      this.#enter(controller, value);
      return;
    }
    this.controllers[controller] = value;
    if (controller < 32) this.low[controller] = 0;
    else if (controller < 64) this.low[controller - 32] = value;
    if (controller === 0) this.bankMsb = value;
    if (controller === 64 && value < 64) this.sustained.clear();
    if (controller === 120) this.#allSoundOff();
    if (controller === 121) this.#resetControllers();
    if (controller >= 123) this.#allNotesOff();
    if (controller === 124 || controller === 125) this.omni = controller === 125 ? 'on' : 'off';
    if (controller === 126) this.mono = `mono ${value}`;
    if (controller === 127) this.mono = 'poly';
  }

  #allSoundOff(): void {
    this.#allNotesOff();
    this.sustained.clear();
  }

  /** RP-015. */
  #resetControllers(): void {
    this.controllers[1] = 0;
    this.low[1] = 0;
    this.controllers[11] = 127;
    this.low[11] = 0;
    for (const pedal of [64, 65, 66, 67]) this.controllers[pedal] = 0;
    this.sustained.clear();
    this.wheel = 8_192;
    this.pressure = 0;
    this.keyPressure.fill(0);
    this.selected = 'none';
    this.#half = 127;
  }

  #select(controller: number, value: number): void {
    const kind = controller === 98 || controller === 99 ? 'N' : 'R';
    if (controller === 99 || controller === 101) {
      this.#half = value;
      this.selected = `${kind}${value}`;
      return;
    }
    const isNull = this.#half === 127 && value === 127;
    this.selected = isNull ? 'none' : `${kind}${this.#half}.${value}`;
  }

  #enter(controller: number, value: number): void {
    if (!this.selected.includes('.')) this.selected += '.0';
    const held = this.parameters.get(this.selected) ?? { msb: NONE, lsb: 0, steps: 0 };
    this.parameters.set(this.selected, held);
    if (controller === 96) held.steps++;
    if (controller === 97) held.steps--;
    if (controller === 6) Object.assign(held, { msb: value, lsb: 0, steps: 0 });
    if (controller === 38) Object.assign(held, { lsb: value, steps: 0 });
  }
}

function textOf(value: Value | undefined): string {
  if (value?.msb === NONE && value.lsb === 0 && value.steps === 0) return 'none';
  return value ? `${value.msb}.${value.lsb}${value.steps < 0 ? '' : '+'}${value.steps}` : 'none';
}

/** All channels; System Reset makes new ones. */
export class Synthesizer {
  #channels: SynthesizerChannel[] = channels();

  message(octets: ArrayLike<number>): void {
    const [status = 0, data1 = 0, data2 = 0] = Array.from(octets);
    if (status === 0xff) this.#channels = channels();
    else if (status < 0xf0) this.#channels[status & 15]?.message(status, data1, data2);
  }

  channel(channel: number): SynthesizerChannel {
    return this.#channels[channel] as SynthesizerChannel;
  }

  differences(heard: Synthesizer, tolerance: Tolerance = {}): string[] {
    return this.#channels.flatMap((channel, i) =>
      channel
        .differences(heard.channel(i), tolerance)
        .map((difference) => `channel ${i}, ${difference}`),
    );
  }
}

function channels(): SynthesizerChannel[] {
  return Array.from({ length: 16 }, () => new SynthesizerChannel());
}

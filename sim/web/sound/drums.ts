/**
 * Percussion through Web Audio, by General MIDI percussion key. A hit rings by itself; it has no end to wait for.
 */
export interface DrumKit {
  hit(key: number, velocity: number, at: number): void;
  /** Closed hats end open ones; `silence` ends all. */
  silence(at: number): void;
}

interface Tone {
  readonly from: number;
  readonly to: number;
  readonly drop: number;
  readonly decay: number;
  readonly level: number;
}

interface Noise {
  readonly filter: BiquadFilterType;
  readonly hertz: number;
  readonly q: number;
  readonly decay: number;
  readonly level: number;
}

interface Drum {
  readonly tones: readonly Tone[];
  readonly noises: readonly Noise[];
  readonly pan: number;
  readonly hat?: boolean;
}

const tone = (from: number, to: number, drop: number, decay: number, level: number): Tone => ({
  from,
  to,
  drop,
  decay,
  level,
});
const noise = (
  filter: BiquadFilterType,
  hertz: number,
  q: number,
  decay: number,
  level: number,
): Noise => ({ filter, hertz, q, decay, level });
const drum = (tones: readonly Tone[], noises: readonly Noise[], pan = 0, hat = false): Drum => ({
  tones,
  noises,
  pan,
  hat,
});
const tom = (hertz: number, pan: number): Drum =>
  drum(
    [tone(hertz * 1.6, hertz, 0.05, 0.22, 0.75)],
    [noise('bandpass', hertz * 4, 1, 0.03, 0.2)],
    pan,
  );

const KICK = drum([tone(170, 46, 0.035, 0.2, 1.15)], [noise('lowpass', 2_500, 0.5, 0.008, 0.4)]);
const SNARE = drum(
  [tone(240, 185, 0.02, 0.09, 0.42)],
  [noise('highpass', 1_400, 0.4, 0.11, 0.55), noise('bandpass', 3_800, 0.8, 0.06, 0.3)],
);
const CLAP = drum([], [noise('bandpass', 1_500, 1.4, 0.1, 0.9)], 0.1);
const RIM = drum(
  [tone(520, 480, 0.01, 0.025, 0.5)],
  [noise('bandpass', 2_600, 2, 0.015, 0.5)],
  -0.1,
);
const CLOSED_HAT = drum([], [noise('highpass', 8_000, 0.8, 0.028, 0.34)], 0.22, true);
const PEDAL_HAT = drum([], [noise('highpass', 6_500, 0.8, 0.04, 0.24)], 0.22, true);
const OPEN_HAT = drum([], [noise('highpass', 7_500, 0.8, 0.2, 0.32)], 0.22, true);
const CRASH = drum(
  [],
  [noise('highpass', 5_200, 0.3, 0.65, 0.34), noise('bandpass', 3_200, 0.6, 0.3, 0.12)],
  -0.25,
);
const RIDE = drum(
  [tone(3_150, 3_150, 0.1, 0.12, 0.03), tone(4_470, 4_470, 0.1, 0.1, 0.025)],
  [noise('highpass', 7_000, 0.6, 0.3, 0.13)],
  0.3,
);
const COWBELL = drum([tone(562, 562, 0.1, 0.07, 0.22), tone(845, 845, 0.1, 0.06, 0.2)], [], 0.15);
const SHAKER = drum([], [noise('highpass', 5_500, 0.7, 0.04, 0.2)], -0.2);

const KIT: Readonly<Record<number, Drum>> = {
  35: KICK,
  36: KICK,
  37: RIM,
  38: SNARE,
  39: CLAP,
  40: SNARE,
  41: tom(82, 0.3),
  42: CLOSED_HAT,
  43: tom(98, 0.2),
  44: PEDAL_HAT,
  45: tom(118, 0.1),
  46: OPEN_HAT,
  47: tom(142, 0),
  48: tom(168, -0.1),
  49: CRASH,
  50: tom(200, -0.2),
  51: RIDE,
  52: CRASH,
  53: COWBELL,
  55: CRASH,
  56: COWBELL,
  57: CRASH,
  59: RIDE,
};

const NOISE_S = 2;

export function openDrumKit(context: BaseAudioContext, out: AudioNode): DrumKit {
  const hiss = whiteNoise(context);
  let hats: GainNode[] = [];
  const sounding = new Set<GainNode>();

  const choke = (gains: Iterable<GainNode>, at: number): void => {
    for (const gain of gains) {
      gain.gain.cancelScheduledValues(at);
      gain.gain.setTargetAtTime(0, at, 0.008);
    }
  };

  return {
    hit(key, velocity, at) {
      const kind = KIT[key] ?? SHAKER;
      const mix = context.createGain();
      mix.gain.setValueAtTime(0.62 * (0.1 + 0.9 * (velocity / 127) ** 1.5), at);
      const pan = context.createStereoPanner();
      pan.pan.value = kind.pan;
      mix.connect(pan).connect(out);
      if (kind.hat) {
        choke(hats, at);
        hats = [mix];
      }
      sounding.add(mix);
      const last = [
        ...kind.tones.map((part) => playTone(context, mix, part, at)),
        ...kind.noises.map((part) => playNoise(context, mix, hiss, part, at)),
      ].sort((a, b) => a.until - b.until)[kind.tones.length + kind.noises.length - 1];
      if (!last) return;
      last.source.onended = () => {
        sounding.delete(mix);
        pan.disconnect();
      };
    },
    silence(at) {
      choke(sounding, at);
      hats = [];
    },
  };
}

interface Playing {
  readonly source: AudioScheduledSourceNode;
  readonly until: number;
}

function playTone(context: BaseAudioContext, out: AudioNode, part: Tone, at: number): Playing {
  const oscillator = context.createOscillator();
  oscillator.frequency.setValueAtTime(part.from, at);
  oscillator.frequency.setTargetAtTime(part.to, at, part.drop);
  return ring(context, oscillator, oscillator, out, part.level, part.decay, at);
}

function playNoise(
  context: BaseAudioContext,
  out: AudioNode,
  hiss: AudioBuffer,
  part: Noise,
  at: number,
): Playing {
  const source = context.createBufferSource();
  source.buffer = hiss;
  source.loop = true;
  source.loopStart = Math.random() * NOISE_S * 0.5;
  const filter = context.createBiquadFilter();
  filter.type = part.filter;
  filter.frequency.value = part.hertz;
  filter.Q.value = part.q;
  source.connect(filter);
  return ring(context, source, filter, out, part.level, part.decay, at);
}

function ring(
  context: BaseAudioContext,
  source: AudioScheduledSourceNode,
  from: AudioNode,
  out: AudioNode,
  level: number,
  decay: number,
  at: number,
): Playing {
  const amp = context.createGain();
  amp.gain.setValueAtTime(level, at);
  amp.gain.setTargetAtTime(0, at + 0.002, decay);
  from.connect(amp).connect(out);
  const until = at + decay * 7 + 0.02;
  source.start(at);
  source.stop(until);
  return { source, until };
}

function whiteNoise(context: BaseAudioContext): AudioBuffer {
  const buffer = context.createBuffer(1, context.sampleRate * NOISE_S, context.sampleRate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1;
  return buffer;
}

/**
 * The page's mixing desk: a strip for each player, a little room, a limiter, the master fader.
 */
export interface Mixer {
  /** Where that player's notes go; players are spread over the stereo field by box. */
  strip(box: number): AudioNode;
  /** 0 to 1, as a fader: half way is about a quarter of the power. */
  setVolume(volume: number): void;
}

const REVERB_S = 1.1;
const WET = 0.13;

export function openMixer(context: AudioContext, volume: number): Mixer {
  const master = context.createGain();
  const limiter = context.createDynamicsCompressor();
  limiter.threshold.value = -9;
  limiter.ratio.value = 8;
  limiter.attack.value = 0.003;
  limiter.release.value = 0.12;
  const sum = context.createGain();
  sum.gain.value = 0.7;
  const room = context.createConvolver();
  room.buffer = roomResponse(context);
  const wet = context.createGain();
  wet.gain.value = WET;
  sum.connect(limiter);
  sum.connect(room).connect(wet).connect(limiter);
  limiter.connect(master).connect(context.destination);

  const setVolume = (level: number): void => {
    master.gain.setTargetAtTime(level * level, context.currentTime, 0.015);
  };
  master.gain.value = 0;
  setVolume(volume);

  const strips = new Map<number, AudioNode>();
  return {
    setVolume,
    strip(box) {
      const known = strips.get(box);
      if (known) return known;
      const pan = context.createStereoPanner();
      const side = box % 2 === 0 ? 1 : -1;
      pan.pan.value = box === 0 ? 0 : side * 0.18 * Math.ceil(box / 2) ** 0.7;
      pan.connect(sum);
      strips.set(box, pan);
      return pan;
    },
  };
}

/** Noise that dies away and loses its treble, different left and right: a small wooden room. */
function roomResponse(context: BaseAudioContext): AudioBuffer {
  const length = Math.floor(context.sampleRate * REVERB_S);
  const buffer = context.createBuffer(2, length, context.sampleRate);
  for (let channel = 0; channel < 2; channel++) {
    const samples = buffer.getChannelData(channel);
    let smooth = 0;
    for (let i = 0; i < length; i++) {
      const age = i / length;
      const dullness = 0.35 + 0.6 * age;
      smooth = smooth * dullness + (Math.random() * 2 - 1) * (1 - dullness);
      samples[i] = smooth * (1 - age) ** 3.2;
    }
  }
  return buffer;
}

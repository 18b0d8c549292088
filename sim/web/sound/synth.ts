/**
 * Lets one hear what somebody at a box hears.
 *
 * Takes  what is played on the box that is listened to and what its output gives of the others, on the simulator's timeline.
 * Gives  sound, PLAYOUT_MS later, so that their rhythm survives the batches they come in. The echo of a key that was
 *        played on this page sounds as soon as it is here.
 * Keeps  at most MAX_VOICES; the oldest gives way. Browsers allow sound only after a gesture: `turnOn` must be called in one.
 */
import { type Signal, signal } from '@preact/signals';
import type { SimControl, SimNote } from '../../app/protocol.ts';
import type { BoxView } from '../box-view.ts';
import { type DrumKit, openDrumKit } from './drums.ts';
import { type Mixer, openMixer } from './mixer.ts';
import { timbreOf } from './timbre.ts';
import { startVoice, type Voice } from './voices.ts';

export interface Synth {
  readonly on: Signal<boolean>;
  /** 0 to 1. */
  readonly volume: Signal<number>;
  turnOn(): void;
  turnOff(): void;
  note(note: SimNote, player: BoxView | undefined): void;
  control(control: SimControl): void;
  /** A key of this page went down on the box that is listened to. */
  expectEcho(channel: number, key: number): void;
  silence(): void;
}

const PLAYOUT_MS = 36;
const ECHO_MS = 250;
const MAX_VOICES = 40;
const PERCUSSION = 9;
const SUSTAIN = 64;
const ALL_SOUND_OFF = 120;
const ALL_NOTES_OFF = 123;
/** The usual range: two semitones each way. */
const BEND_CENTS = 200;

interface Desk {
  readonly context: AudioContext;
  readonly mixer: Mixer;
  readonly drums: DrumKit;
}

interface Sounding {
  readonly id: string;
  readonly channel: number;
  readonly voice: Voice;
  held: boolean;
}

export function openSynth(deps: { readonly toPage: (sim: number) => number }): Synth {
  const on = signal(false);
  const volume = signal(0.8);
  let desk: Desk | undefined;
  let voices: Sounding[] = [];
  const echoes = new Map<number, number>();
  const pedals = new Set<number>();
  const bends = new Map<number, number>();
  const programs = new Map<number, number>();

  const when = ({ context }: Desk, simTime: number, isEcho: boolean): number => {
    if (isEcho) return context.currentTime;
    const ahead = deps.toPage(simTime) + PLAYOUT_MS - performance.now();
    return context.currentTime + Math.max(0, Math.min(500, ahead)) / 1_000;
  };

  const takeEcho = (note: SimNote): boolean => {
    const id = (note.channel << 7) | note.key;
    const expected = echoes.get(id);
    if (expected === undefined) return false;
    if (!note.on || performance.now() - expected > ECHO_MS) echoes.delete(id);
    return true;
  };

  const start = (open: Desk, note: SimNote, player: BoxView | undefined, at: number): void => {
    const box = player?.info.index ?? 0;
    if (note.channel === PERCUSSION) {
      open.drums.hit(note.key, note.velocity, at);
      return;
    }
    while (voices.length >= MAX_VOICES) voices.shift()?.voice.cut(at);
    const role = player?.session.value?.participants.find(({ id }) => id === player.info.id)?.role;
    const sounding: Sounding = {
      id: `${note.participant} ${note.channel} ${note.key}`,
      channel: note.channel,
      held: true,
      voice: startVoice(open.context, open.mixer.strip(box), {
        timbre: timbreOf(programs.get(note.channel), role, box),
        key: note.key,
        velocity: note.velocity,
        at,
        bend: bends.get(note.channel) ?? 0,
        onEnded() {
          voices = voices.filter((other) => other !== sounding);
        },
      }),
    };
    voices.push(sounding);
  };

  const endWhere = (which: (sounding: Sounding) => boolean, at: number): void => {
    for (const sounding of voices) if (which(sounding)) sounding.voice.release(at);
  };

  const synth: Synth = {
    on,
    volume,
    turnOn() {
      on.value = true;
      desk ??= openDesk(volume.value);
      // Rejects only when the page is going away.
      desk.context.resume().catch(() => {});
      desk.mixer.setVolume(volume.value);
    },
    turnOff() {
      on.value = false;
      synth.silence();
      desk?.context.suspend().catch(() => {}); // as above
    },
    note(note, player) {
      if (!desk || !on.value) return;
      const at = when(desk, note.at, takeEcho(note));
      if (note.on) {
        start(desk, note, player, at);
        return;
      }
      const id = `${note.participant} ${note.channel} ${note.key}`;
      const ending = voices.find((sounding) => sounding.held && sounding.id === id);
      if (!ending) return;
      ending.held = false;
      if (!pedals.has(note.channel)) ending.voice.release(at);
    },
    control(control) {
      const { channel, value } = control;
      const at = desk ? when(desk, control.at, false) : 0;
      switch (control.kind) {
        case 'programChange':
          programs.set(channel, value);
          return;
        case 'pitchBend': {
          const cents = ((value - 8_192) / 8_192) * BEND_CENTS;
          bends.set(channel, cents);
          for (const { channel: its, voice } of voices) if (its === channel) voice.bend(cents, at);
          return;
        }
        case 'controlChange':
          if (control.controller === SUSTAIN && value >= 64) pedals.add(channel);
          else if (control.controller === SUSTAIN) {
            pedals.delete(channel);
            endWhere((sounding) => sounding.channel === channel && !sounding.held, at);
          } else if (control.controller === ALL_SOUND_OFF || control.controller === ALL_NOTES_OFF) {
            endWhere((sounding) => sounding.channel === channel, at);
          }
          return;
      }
    },
    expectEcho(channel, key) {
      echoes.set((channel << 7) | key, performance.now());
    },
    silence() {
      pedals.clear();
      echoes.clear();
      if (!desk) return;
      const now = desk.context.currentTime;
      for (const { voice } of voices.splice(0)) voice.cut(now);
      desk.drums.silence(now);
    },
  };
  volume.subscribe((level) => desk?.mixer.setVolume(level));
  return synth;
}

function openDesk(volume: number): Desk {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const mixer = openMixer(context, volume);
  return { context, mixer, drums: openDrumKit(context, mixer.strip(0)) };
}

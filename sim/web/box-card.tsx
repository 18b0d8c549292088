/** One box as a device one could own, its keyboard and its player. */
import { useEffect, useRef } from 'preact/hooks';
import type { SimSession } from '../app/protocol.ts';
import type { BoxView } from './box-view.ts';
import { Knob } from './device/knob.tsx';
import { Leds } from './device/leds.tsx';
import { Oled } from './device/oled.tsx';
import { Icon } from './icons.tsx';
import { useJam } from './jam.ts';
import { Keyboard } from './keys/keyboard.tsx';
import { HIGHEST_BASE, keyName, LOWEST_BASE } from './keys/keyboard-layout.ts';
import { MidiIn } from './keys/midi-in.tsx';
import { Player } from './player.tsx';

export function BoxCard({ box }: { readonly box: BoxView }) {
  const jam = useJam();
  const { index, name } = box.info;
  const selected = jam.selected.value === index;
  const listening = jam.listening.value === index;
  const card = useRef<HTMLElement>(null);
  useSounding(box, card);
  return (
    <article
      ref={card}
      class={`box${selected ? ' selected' : ''}`}
      style={{ '--player': box.look.colour }}
      aria-label={name}
      data-testid={`box-${index}`}
      data-box-id={box.info.id}
      onPointerDown={() => {
        jam.selected.value = index;
      }}
      onFocusIn={() => {
        jam.selected.value = index;
      }}
    >
      <div class="device">
        <div class="face">
          <span class="brand" aria-hidden="true">
            jam.<b>togthr</b>
          </span>
          <Oled box={box} />
          <div class="plate">
            <i class="dot">{index}</i>
            <span class="name">{name}</span>
          </div>
          <Leds box={box} />
          <Knob box={box} />
        </div>
      </div>
      <div class="desk">
        <Keyboard box={box} />
        <div class="desk-row">
          <button
            type="button"
            class={`listen${listening ? ' on' : ''}`}
            aria-pressed={listening}
            data-testid={`listen-${index}`}
            onClick={() => {
              jam.listening.value = index;
              if (!jam.synth.on.value) jam.synth.turnOn();
            }}
          >
            {listening && jam.synth.on.value ? 'Listening' : 'Listen'}
          </button>
          <Octave box={box} />
          <button
            type="button"
            aria-pressed={box.pads.value}
            data-testid={`pads-${index}`}
            onClick={() => {
              box.pads.value = !box.pads.value;
            }}
          >
            Pads
          </button>
          <MidiIn box={box} />
          <Status box={box} />
        </div>
        <Player box={box} />
      </div>
    </article>
  );
}

/** On the card: `data-sounding`, notes that sound at the box's output now; `data-heard`, those that ever did. */
function useSounding(box: BoxView, card: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    let sounding = 0;
    const show = (count: number): void => {
      sounding = Math.max(0, count);
      if (card.current) card.current.dataset['sounding'] = String(sounding);
    };
    // The simulator says it now and then; in between each note tells.
    const stops = [
      box.stats.subscribe((stats) => {
        show(stats?.sounding ?? 0);
        if (card.current) card.current.dataset['heard'] = String(stats?.heard ?? 0);
      }),
      box.notes.on((note) => {
        if (note.kind === 'heard') show(sounding + (note.on ? 1 : -1));
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [box, card]);
}

function Octave({ box }: { readonly box: BoxView }) {
  const shift = (octaves: number): void => {
    box.base.value += 12 * octaves;
  };
  if (box.pads.value) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: two buttons, no fieldset of a form
    <div class="octave" role="group" aria-label={`Octave of ${box.info.name}`}>
      <button
        type="button"
        aria-label="Octave down"
        disabled={box.base.value <= LOWEST_BASE}
        onClick={() => shift(-1)}
      >
        −
      </button>
      <span class="octave-at">{keyName(box.base.value + 12)}</span>
      <button
        type="button"
        aria-label="Octave up"
        disabled={box.base.value >= HIGHEST_BASE}
        onClick={() => shift(1)}
      >
        +
      </button>
    </div>
  );
}

const LOCK_WORDS = {
  open: 'Not everything that leaves this box is encrypted',
  closed: 'All that leaves this box is encrypted',
} as const;

function Lock({ state, index }: { readonly state: SimSession['lock']; readonly index: number }) {
  if (state === 'none') return null;
  return (
    <span
      class={`lock ${state}`}
      role="img"
      aria-label={LOCK_WORDS[state]}
      title={LOCK_WORDS[state]}
      data-testid={`lock-${index}`}
      data-lock={state}
    >
      <Icon name={state} />
    </span>
  );
}

function Status({ box }: { readonly box: BoxView }) {
  const session = box.session.value;
  const stats = box.stats.value;
  return (
    <p class="status" data-testid={`status-${box.info.index}`}>
      {session ? <Lock state={session.lock} index={box.info.index} /> : null}
      {session
        ? `${session.name} · ${Math.round(session.bpm)} bpm · ${session.participants.length} in`
        : 'in no session'}
      <span data-testid={`heard-${box.info.index}`}> · heard {stats?.heard ?? 0}</span>
      {stats && stats.stuck > 0 ? <b> · {stats.stuck} stuck</b> : null}
    </p>
  );
}

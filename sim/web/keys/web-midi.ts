/**
 * Real MIDI keyboards at this computer, where the browser knows Web MIDI.
 *
 * Takes  a choice of input for each box. Gives its notes on the box's hand, and its other channel messages as they are.
 * Guard  an input that is unplugged or given to another box lets go of what it held. System messages stay out: clock and
 *        SysEx of a keyboard have no business in the simulator's page.
 */
import { type Signal, signal } from '@preact/signals';
import type { BoxView } from '../box-view.ts';

export interface WebMidi {
  readonly supported: boolean;
  /** Undefined until access was asked for and given. */
  readonly inputs: Signal<readonly { readonly id: string; readonly name: string }[] | undefined>;
  /** Which input plays which box. */
  readonly chosen: Signal<ReadonlyMap<number, string>>;
  /** Rejects when the person says no. */
  ask(): Promise<void>;
  choose(box: BoxView, input: string | undefined): void;
}

export function openWebMidi(send: (box: BoxView, message: readonly number[]) => void): WebMidi {
  const inputs = signal<readonly { id: string; name: string }[] | undefined>(undefined);
  const chosen = signal<ReadonlyMap<number, string>>(new Map());
  const unplug = new Map<number, () => void>();
  let access: MIDIAccess | undefined;

  const list = (): void => {
    if (!access) return;
    inputs.value = [...access.inputs.values()]
      .filter((input) => input.state === 'connected')
      .map((input) => ({ id: input.id, name: input.name ?? 'MIDI input' }));
  };

  return {
    supported: 'requestMIDIAccess' in navigator,
    inputs,
    chosen,
    async ask() {
      access ??= await navigator.requestMIDIAccess();
      access.onstatechange = list;
      list();
    },
    choose(box, id) {
      const { index } = box.info;
      unplug.get(index)?.();
      unplug.delete(index);
      const others = new Map(chosen.value);
      others.delete(index);
      chosen.value = others;
      const input = id === undefined ? undefined : access?.inputs.get(id);
      if (!input) return;
      const listen = (event: MIDIMessageEvent): void => {
        if (event.data) take(box, event.data, send);
      };
      const lost = (): void => {
        if (input.state === 'disconnected') box.hand.allUp('midi');
      };
      input.addEventListener('midimessage', listen);
      input.addEventListener('statechange', lost);
      unplug.set(index, () => {
        input.removeEventListener('midimessage', listen);
        input.removeEventListener('statechange', lost);
        box.hand.allUp('midi');
      });
      chosen.value = new Map([...others, [index, input.id]]);
    },
  };
}

function take(
  box: BoxView,
  message: Uint8Array,
  send: (box: BoxView, message: readonly number[]) => void,
): void {
  const [status = 0, first = 0, second = 0] = message;
  if (status < 0x80 || status >= 0xf0) return;
  const channel = status & 0x0f;
  const finger = `midi ${channel} ${first}`;
  const kind = status & 0xf0;
  if (kind === 0x90 && second > 0) box.hand.down(finger, channel, first, second);
  else if (kind === 0x90 || kind === 0x80) box.hand.up(finger);
  else send(box, [...message]);
}

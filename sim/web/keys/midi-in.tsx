/** Which real MIDI keyboard plays a box; absent where the browser knows none. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { BoxView } from '../box-view.ts';
import { useJam } from '../jam.ts';
import type { WebMidi } from './web-midi.ts';

export const WebMidiContext = createContext<WebMidi | undefined>(undefined);

export function MidiIn({ box }: { readonly box: BoxView }) {
  const jam = useJam();
  const midi = useContext(WebMidiContext);
  if (!midi?.supported) return null;
  const inputs = midi.inputs.value;
  const { index, name } = box.info;
  if (!inputs) {
    const ask = (): void => {
      midi
        .ask()
        .catch(() =>
          jam.notify({ level: 'warn', text: 'The browser gives no access to MIDI keyboards.' }),
        );
    };
    return (
      <button type="button" title="Play it with a MIDI keyboard" onClick={ask}>
        MIDI in
      </button>
    );
  }
  return (
    <select
      aria-label={`MIDI keyboard for ${name}`}
      data-testid={`midi-in-${index}`}
      value={midi.chosen.value.get(index) ?? ''}
      onChange={(event) => midi.choose(box, event.currentTarget.value || undefined)}
    >
      <option value="">{inputs.length === 0 ? 'no MIDI input' : 'MIDI in: none'}</option>
      {inputs.map((input) => (
        <option key={input.id} value={input.id}>
          {input.name}
        </option>
      ))}
    </select>
  );
}

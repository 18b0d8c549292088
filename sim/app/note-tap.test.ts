import { expect, test } from 'vitest';
import { Listeners } from '../../runtime/core/listeners.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { EventCause, SentReport } from '../../runtime/core/scheduled-event.ts';
import { fromMillis, type Instant, instant } from '../../runtime/core/time.ts';
import { NoteTap } from './note-tap.ts';
import type { SimNote } from './protocol.ts';

const ms = (time: number): Instant => instant(fromMillis(time));
const strike: MidiMessage = { kind: 'noteOn', channel: 0, key: 60, velocity: 90 };

function openRig() {
  const arrived = new Listeners<
    [string, MidiMessage, performed: Instant, at: Instant, recovered: boolean, lost: number]
  >();
  const sent = new Listeners<[report: SentReport]>();
  const tap = new NoteTap(
    {
      id: 'me',
      midi: { onPlayed: () => ({ [Symbol.dispose]: () => {} }) },
      peers: { onArrived: (listener) => arrived.add(listener) },
      output: { onSent: (listener) => sent.add(listener) },
    },
    ms(0),
  );
  const heard: SimNote[] = [];
  tap.notes.add((note) => {
    if (note.kind === 'heard') heard.push(note);
  });
  return {
    heard,
    arrives: (performed: number, at: number) =>
      arrived.emit('peer', strike, ms(performed), ms(at), false, 0),
    sounds: (cause: EventCause, at: number) =>
      sent.emit({ message: strike, source: 'peer', cause, due: ms(at), leftAt: ms(at) }),
  };
}

test('a note that sounds after it came tells when it was performed', () => {
  const { heard, arrives, sounds } = openRig();
  arrives(100, 160);
  sounds('received', 170);
  expect(heard).toMatchObject([{ at: 170, performedAt: 100 }]);
});

test('a predicted note tells no performance, and the one that it foretold is not taken for the next one', () => {
  const { heard, arrives, sounds } = openRig();
  sounds('predicted', 95);
  arrives(100, 160);
  arrives(600, 660);
  sounds('received', 670);
  expect(heard).toMatchObject([{ cause: 'predicted' }, { at: 670, performedAt: 600 }]);
  expect(heard[0]?.performedAt).toBeUndefined();
});

test('a predicted note that nothing came of foretells nothing later', () => {
  const { heard, arrives, sounds } = openRig();
  sounds('predicted', 100);
  arrives(600, 660);
  sounds('received', 665);
  expect(heard.at(-1)).toMatchObject({ at: 665, performedAt: 600 });
});

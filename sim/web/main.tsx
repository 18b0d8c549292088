/** Starts the page. */
import { render } from 'preact';
import { App } from './app.tsx';
import { socketUrl } from './connection.ts';
import { JamContext, openJam } from './jam.ts';
import { playByComputerKeys } from './keys/computer-keys.ts';
import { WebMidiContext } from './keys/midi-in.tsx';
import { openWebMidi } from './keys/web-midi.ts';
import './styles/base.css';
import './styles/device.css';
import './styles/keyboard.css';
import './styles/panels.css';
import './styles/prediction.css';

const page = document.getElementById('page');
if (!page) throw new Error('index.html has no #page');

const jam = openJam(socketUrl(location));
const midi = openWebMidi((box, message) => {
  const bytes = message.map((octet) => octet.toString(16).padStart(2, '0')).join('');
  jam.send({ kind: 'midi', box: box.info.index, bytes });
});
playByComputerKeys(jam);

render(
  <JamContext.Provider value={jam}>
    <WebMidiContext.Provider value={midi}>
      <App />
    </WebMidiContext.Provider>
  </JamContext.Provider>,
  page,
);

/** What concerns all boxes: the network between them, playing together, sound, panic, help. */
import { useSignal } from '@preact/signals';
import { Icon } from './icons.tsx';
import { useJam } from './jam.ts';

export function Toolbar() {
  const jam = useJam();
  return (
    <header class="toolbar">
      <h1>
        jam.<b>togthr</b> <small>simulator</small>
      </h1>
      <Acquaintance />
      <Network />
      <Together />
      <Sound />
      <div class="group end">
        <button
          type="button"
          class="panic"
          data-testid="panic"
          title="All notes off, on every box (Esc)"
          onClick={() => jam.send({ kind: 'panic' })}
        >
          Panic
        </button>
        <button
          type="button"
          class="round"
          aria-label="Help"
          data-testid="help"
          onClick={() => {
            jam.helpOpen.value = true;
          }}
        >
          ?
        </button>
      </div>
    </header>
  );
}

/** What the simulator has done beforehand that players would have to do. */
function Acquaintance() {
  const known = useJam().acquainted.value;
  const title = known
    ? 'They have each other’s keys beforehand, so no code is asked. Start with --strangers to see first contact.'
    : 'Whoever joins enters the code that the host’s display shows.';
  return (
    <span class="acquaintance" data-testid="acquaintance" title={title}>
      {known ? 'boxes have met' : 'strangers'}
    </span>
  );
}

function Network() {
  const jam = useJam();
  return (
    <label class="group">
      <span>Network</span>
      <select
        data-testid="profile"
        value={jam.profile.value}
        onChange={(event) => jam.send({ kind: 'profile', name: event.currentTarget.value })}
      >
        {jam.profiles.value.map((profile) => (
          <option key={profile.name} value={profile.name}>
            {profile.about ? `${profile.name}: ${profile.about}` : profile.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Together() {
  const jam = useJam();
  const pieces = jam.pieces.value;
  const chosen = useSignal<string | undefined>(undefined);
  const piece = pieces.find(({ id }) => id === chosen.value) ?? pieces[0];
  const playing = jam.boxes.value.some((box) => box.player.value.state === 'playing');
  if (!piece) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: controls of a player, no fieldset of a form
    <div class="group" role="group" aria-label="All boxes together">
      <span>Together</span>
      <select
        aria-label="Piece that all boxes play"
        data-testid="together-piece"
        value={piece.id}
        onChange={(event) => {
          chosen.value = event.currentTarget.value;
        }}
      >
        {pieces.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="round strong"
        aria-label={playing ? 'Stop all players' : 'Play it together, in a loop'}
        data-testid="together"
        onClick={() =>
          jam.send(
            playing
              ? { kind: 'together', action: 'stop' }
              : { kind: 'together', action: 'play', piece: piece.id, loop: true },
          )
        }
      >
        <Icon name={playing ? 'stop' : 'play'} />
      </button>
    </div>
  );
}

function Sound() {
  const jam = useJam();
  const { on, volume } = jam.synth;
  return (
    // biome-ignore lint/a11y/useSemanticElements: sound controls, no fieldset of a form
    <div class="group" role="group" aria-label="Sound">
      <button
        type="button"
        class={on.value ? 'sound on' : 'sound'}
        aria-pressed={on.value}
        data-testid="sound"
        onClick={() => (on.value ? jam.synth.turnOff() : jam.synth.turnOn())}
      >
        <Icon name={on.value ? 'sound' : 'mute'} />
        {on.value ? 'Sound on' : 'Turn sound on'}
      </button>
      <input
        type="range"
        min={0}
        max={1}
        step={0.01}
        aria-label="Volume"
        data-testid="volume"
        value={volume.value}
        onInput={(event) => {
          volume.value = event.currentTarget.valueAsNumber;
        }}
      />
      <label>
        <span>at</span>
        <select
          aria-label="Listen at"
          data-testid="listen"
          value={String(jam.listening.value)}
          onChange={(event) => {
            jam.listening.value = Number(event.currentTarget.value);
          }}
        >
          {jam.boxes.value.map(({ info }) => (
            <option key={info.index} value={String(info.index)}>
              {info.index} · {info.name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

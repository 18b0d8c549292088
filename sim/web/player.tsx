/** The player of a box: a part of a piece, played into its MIDI input. */
import { useSignal } from '@preact/signals';
import type { BoxView } from './box-view.ts';
import { Icon } from './icons.tsx';
import { useJam } from './jam.ts';

export function Player({ box }: { readonly box: BoxView }) {
  const jam = useJam();
  const { index, name } = box.info;
  const state = box.player.value;
  const pieces = jam.pieces.value;
  const chosenPiece = useSignal<string | undefined>(undefined);
  const chosenTrack = useSignal<number | undefined>(undefined);
  if (pieces.length === 0) return null;

  const piece = pieces.find(({ id }) => id === (chosenPiece.value ?? state.piece)) ?? pieces[0];
  if (!piece) return null;
  const usual = state.piece === piece.id ? state.track : (index - 1) % piece.tracks.length;
  const track = Math.min(chosenTrack.value ?? usual, piece.tracks.length - 1);
  const playing = state.state === 'playing';
  const share = playing && piece.seconds > 0 ? Math.min(1, state.position / piece.seconds) : 0;

  const play = (): void => {
    jam.send({
      kind: 'player',
      box: index,
      action: 'play',
      piece: piece.id,
      track,
      loop: state.loop,
    });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: controls of a player, no fieldset of a form
    <div class="player" role="group" aria-label={`Player of ${name}`}>
      <button
        type="button"
        class="round"
        aria-label={playing ? `Stop the player of ${name}` : `Play on ${name}`}
        data-testid={`play-${index}`}
        onClick={() =>
          playing ? jam.send({ kind: 'player', box: index, action: 'stop' }) : play()
        }
      >
        <Icon name={playing ? 'stop' : 'play'} />
      </button>
      <select
        aria-label={`Piece for ${name}`}
        data-testid={`piece-${index}`}
        value={piece.id}
        onChange={(event) => {
          chosenPiece.value = event.currentTarget.value;
          chosenTrack.value = undefined;
        }}
      >
        {pieces.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
      <select
        aria-label={`Part for ${name}`}
        data-testid={`track-${index}`}
        value={String(track)}
        onChange={(event) => {
          chosenTrack.value = Number(event.currentTarget.value);
        }}
      >
        {piece.tracks.map((part, i) => (
          <option key={i} value={String(i)}>
            {part.name}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="round"
        aria-label={`Loop on ${name}`}
        aria-pressed={state.loop}
        data-testid={`loop-${index}`}
        onClick={() => jam.send({ kind: 'player', box: index, action: 'loop', loop: !state.loop })}
      >
        <Icon name="loop" />
      </button>
      <div class="progress" aria-hidden="true">
        <span class="progress-bar" style={{ scale: `${share} 1` }} />
      </div>
    </div>
  );
}

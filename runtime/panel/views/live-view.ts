/**
 * The screen one plays by: session and mode, bar and beat, tempo, and how each player is heard.
 */
import type { Participant } from '../../core/ensemble.ts';
import { barPosition } from '../beat.ts';
import { elide, LARGE, textWidth } from '../font.ts';
import { CANVAS_WIDTH } from '../frame-buffer.ts';
import { heardInShort, predictionOf } from '../hearing.ts';
import { MUTED, STOP } from '../icons.ts';
import type { ReadingScreen } from '../panel-state.ts';
import { livePlayers } from '../reading.ts';
import { MODE_LABELS } from '../session-entries.ts';
import { drawName, PAGE_TOP } from './page.ts';
import type { Scene } from './scene.ts';

const BEAT_TOP = 20;
const PLAYERS_TOP = 37;
const PLAYER_ROW = 9;
const PLAYERS_SHOWN = 3;
const NAME_WIDTH = 46;
const METER = { left: 50, width: 42 };

export function drawLive(scene: Scene, screen: ReadingScreen): void {
  const { canvas, model } = scene;
  const { session } = model;
  if (session === undefined) return;
  const mode = MODE_LABELS[session.mode];
  const tag = textWidth(mode) + 6;
  drawName(scene, session.name, { x: 0, y: PAGE_TOP, width: CANVAS_WIDTH - tag - 4 }, 'set', true);
  canvas.fill({ x: CANVAS_WIDTH - tag, y: PAGE_TOP + 1, width: tag, height: 9 });
  canvas.text(mode, CANVAS_WIDTH - tag + 3, PAGE_TOP, undefined, 'clear');
  drawBeat(scene);
  const players = livePlayers(model);
  const alone = players.every((player) => player.self);
  const first = Math.min(screen.top, Math.max(0, players.length - PLAYERS_SHOWN));
  const width =
    players.length > PLAYERS_SHOWN ? drawMore(scene, first, players.length) : CANVAS_WIDTH;
  players.slice(first, first + PLAYERS_SHOWN).forEach((player, row) => {
    drawPlayer(scene, player, PLAYERS_TOP + row * PLAYER_ROW, width);
  });
  if (alone) canvas.text('Waiting for players…', 0, PLAYERS_TOP + 2 * PLAYER_ROW - 5);
}

function drawBeat(scene: Scene): void {
  const { canvas, model, now } = scene;
  const { session, ensembleShift } = model;
  if (session === undefined) return;
  const { timeline, playing } = session;
  const beats = Math.min(8, Math.max(1, Math.round(timeline.beatsPerBar)));
  const top = BEAT_TOP - LARGE.capTop;
  let lit = 0;
  let end = 0;
  if (!playing) {
    canvas.picture(STOP, 1, BEAT_TOP + 5);
    end = canvas.text('Stopped', 10, BEAT_TOP + 2);
  } else if (ensembleShift === undefined) {
    end = canvas.text('Syncing…', 0, BEAT_TOP + 2);
  } else {
    const { bar, beat, nextBeat } = barPosition(timeline, now, ensembleShift, session.song);
    scene.again(nextBeat);
    lit = beat;
    end = canvas.text(`${bar % 1000}.${beat}`, 0, top, LARGE);
  }
  const tempo = `${Math.round(timeline.bpm)}`;
  const tempoLeft = CANVAS_WIDTH - textWidth(tempo, LARGE);
  canvas.text(tempo, tempoLeft, top, LARGE);
  canvas.text('♪', tempoLeft - 8, BEAT_TOP + 2);
  drawBeats(scene, beats, lit, end + 5, tempoLeft - 12);
}

/** A square for each beat of the bar, the present one full. With little room they become strokes. */
function drawBeats(
  { canvas }: Scene,
  beats: number,
  lit: number,
  left: number,
  right: number,
): void {
  const pitch = Math.min(9, Math.floor((right - left) / beats));
  if (pitch < 3) return;
  const side = Math.min(7, pitch - 1);
  const first = left + Math.floor((right - left - pitch * beats) / 2);
  const y = BEAT_TOP + 4;
  for (let beat = 1; beat <= beats; beat++) {
    const square = { x: first + (beat - 1) * pitch, y, width: side, height: 7 };
    if (beat === lit) canvas.fill(square);
    else if (side >= 5) canvas.outline(square);
    else canvas.fill({ ...square, y: y + 3, height: 1 });
  }
}

function drawMore({ canvas }: Scene, first: number, count: number): number {
  const height = PLAYERS_SHOWN * PLAYER_ROW - 2;
  const length = Math.round((height * PLAYERS_SHOWN) / count);
  const y = Math.round(((height - length) * first) / (count - PLAYERS_SHOWN));
  for (let dot = 0; dot < height; dot += 3) canvas.pixel(CANVAS_WIDTH - 1, PLAYERS_TOP + 1 + dot);
  canvas.fill({ x: CANVAS_WIDTH - 2, y: PLAYERS_TOP + 1 + y, width: 2, height: length });
  return CANVAS_WIDTH - 4;
}

function drawPlayer(scene: Scene, player: Participant, y: number, width: number): void {
  const { canvas, model, levels, now } = scene;
  const name = player.self ? 'You' : player.name;
  canvas.text(elide(name, NAME_WIDTH), 0, y - 1);
  if (!player.connected && predictionOf(player.id, model)?.carriedOn === undefined) {
    const words = 'reconnecting';
    const dots = '.'.repeat(scene.ticks(400) % 4);
    const left = width - textWidth(`${words}...`);
    canvas.text(`${words}${dots}`, left, y - 1);
    return;
  }
  if (player.muted) {
    const words = 'muted';
    canvas.text(words, width - textWidth(words), y - 1);
    canvas.picture(MUTED, METER.left, y + 1);
    return;
  }
  const figure = player.self ? '' : heardInShort(player.id, model);
  canvas.text(figure, width - textWidth(figure), y - 1);
  const level = levels.level(player.self ? 'self' : player.id, now);
  if (level > 0) scene.moving();
  const ticks = METER.width / 3;
  const full = Math.ceil(level * ticks);
  for (let tick = 0; tick < ticks; tick++) {
    const x = METER.left + tick * 3;
    if (tick < full) canvas.fill({ x, y: y + 1, width: 2, height: 7 });
    else canvas.pixel(x, y + 4);
  }
}

/**
 * Notes as shapes on a canvas: what became of one is told by its shape, beside its colour.
 */
import type { NoteShape } from '../prediction/fates.ts';

/** Where a melodic note goes: its onset, its end, and the row's middle and height. */
export interface NotePlace {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
  readonly height: number;
}

const STRIPE = 5;
const DARK = '#100f0d';

/** Fills and strokes with the colour that is set, at the opacity that is set. */
export function paintBar(
  context: CanvasRenderingContext2D,
  shape: NoteShape,
  { left, right, middle, height }: NotePlace,
): void {
  const top = middle - height / 2;
  const width = Math.max(3, right - left);
  context.lineWidth = 1;
  switch (shape) {
    case 'bar':
      context.fillRect(left, top, width, height);
      return;
    case 'hollow':
      outline(context, left, top, width, height);
      return;
    case 'pill':
      context.beginPath();
      context.roundRect(left, top, Math.max(width, height), height, height / 2);
      context.fill();
      return;
    case 'wedge':
      context.fillRect(left, top + height / 4, width, height / 2);
      wedge(context, left, middle, height / 2 + 1.5);
      return;
    case 'striped':
      stripes(context, left, top, width, height);
      context.fillRect(left + width - 1, top - 2, 2, height + 4);
      return;
    case 'crossed':
      context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
      cross(context, left, middle, Math.max(3, height / 2));
      return;
  }
}

/** A hit on a drum has no length. */
export function paintMark(
  context: CanvasRenderingContext2D,
  shape: NoteShape,
  x: number,
  y: number,
  half: number,
): void {
  context.lineWidth = 1;
  switch (shape) {
    case 'bar':
      context.fillRect(x - half, y - half, 2 * half, 2 * half);
      return;
    case 'hollow':
      outline(context, x - half, y - half, 2 * half, 2 * half);
      return;
    case 'pill':
      context.beginPath();
      context.arc(x, y, half + 0.5, 0, 2 * Math.PI);
      context.fill();
      return;
    case 'wedge':
      wedge(context, x - half, y, half + 0.5);
      return;
    case 'striped':
      context.fillRect(x - half, y - half, 2 * half, 2 * half);
      context.fillStyle = DARK;
      context.fillRect(x - half, y - 0.75, 2 * half, 1.5);
      return;
    case 'crossed':
      cross(context, x, y, half + 0.5);
      return;
  }
}

function outline(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
): void {
  const { globalAlpha } = context;
  context.globalAlpha = 0.25 * globalAlpha;
  context.fillRect(left, top, width, height);
  context.globalAlpha = globalAlpha;
  context.setLineDash([3, 2]);
  context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  context.setLineDash([]);
}

function wedge(context: CanvasRenderingContext2D, left: number, y: number, half: number): void {
  context.beginPath();
  context.moveTo(left, y - half);
  context.lineTo(left + 1.6 * half, y);
  context.lineTo(left, y + half);
  context.closePath();
  context.fill();
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, half: number): void {
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - half, y - half);
  context.lineTo(x + half, y + half);
  context.moveTo(x + half, y - half);
  context.lineTo(x - half, y + half);
  context.stroke();
  context.lineWidth = 1;
}

function stripes(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
): void {
  context.beginPath();
  for (let x = 0; x < width; x += STRIPE) {
    const end = Math.min(width, x + STRIPE / 2 + 1);
    context.rect(left + x, top, end - x, height);
  }
  context.fill();
}

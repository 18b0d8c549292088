/** The bundled pieces, all composed for this project. */
import { AFTER_HOURS } from './after-hours.ts';
import { LOW_TIDE } from './low-tide.ts';
import { PAPER_BOATS } from './paper-boats.ts';
import type { Piece } from './performance.ts';
import { SLOW_LIGHT } from './slow-light.ts';

export const PIECES: readonly Piece[] = [AFTER_HOURS, LOW_TIDE, PAPER_BOATS, SLOW_LIGHT];

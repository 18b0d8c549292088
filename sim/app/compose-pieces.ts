/**
 * `npx tsx sim/app/compose-pieces.ts`: writes the bundled pieces into sim/pieces, from their scores beside them.
 * Seeded: the same scores give the same files, which a test checks.
 */
import { writeFileSync } from 'node:fs';
import { PIECES } from '../pieces/catalogue.ts';
import { performPiece } from '../pieces/performance.ts';

for (const piece of PIECES) {
  const bytes = performPiece(piece);
  writeFileSync(new URL(`../pieces/${piece.id}.mid`, import.meta.url), bytes);
  process.stdout.write(`${piece.id}.mid ${bytes.length} bytes\n`);
}

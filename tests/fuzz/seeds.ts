/** Writes the fuzzer's first inputs: npx tsx tests/fuzz/seeds.ts FOLDER */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seedInputs } from './seed-inputs.ts';

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('seeds.ts FOLDER');
mkdirSync(folder, { recursive: true });
for (const [number, input] of (await seedInputs(60)).entries())
  writeFileSync(join(folder, `session-${number}`), input);

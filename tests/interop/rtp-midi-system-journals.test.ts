import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { journalWith, systemJournals } from '../system-journals.ts';

/** A strict decoder that isn't part of this repository. */
const ORACLE = fileURLToPath(new URL('../../../shared/tools/rtp-midi-oracle.py', import.meta.url));
/** An RTP header, and an empty command section with a journal. */
const PACKET = '8061000500000064a1b2c3d440';

const hasOracle = existsSync(ORACLE) && spawnSync('python3', ['--version']).status === 0;
if (!hasOracle) {
  process.stderr.write('rtp-midi-system-journals: no strict decoder here; it judged nothing\n');
}

interface Decoding {
  readonly error?: string;
  readonly journal?: {
    readonly errors?: readonly string[];
    readonly musts?: readonly string[];
    readonly system?: { readonly toc: string };
  };
}

test.skipIf(!hasOracle)(
  'a strict decoder finds no fault in the known system journals, and the chapters they are named after',
  () => {
    const due = systemJournals().filter(({ journal }) => journal !== '');
    const packets = due.map(({ journal }) => PACKET + journalWith(journal));
    const { stdout } = spawnSync('python3', [ORACLE, '--hex'], {
      input: packets.join('\n'),
      encoding: 'utf8',
    });
    const decodings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Decoding);
    expect(decodings).toHaveLength(due.length);
    for (const [i, { error, journal }] of decodings.entries()) {
      const { name, messages } = due[i] ?? { name: '', messages: '' };
      expect([error, journal?.errors, journal?.musts], name).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      const chapters = name.replace(/,.*/, '').replaceAll(' ', '');
      expect(journal?.system?.toc, name).toBe(/ff$/.test(messages) ? 'D' : chapters);
    }
  },
);

/**
 * Lets the prebuilt addon of jazzer.js 4.0.0 load on systems a little older than those it was built on, as Debian 12.
 *
 *   npx tsx tests/fuzz/older-glibc.ts FILE.node
 *
 * It asks for newer libraries because of three names alone. C23's strtol and strtoul are bound to the ones that every
 * glibc has; they differ only in what they make of '0b'. The third one only says that the library sets up its streams,
 * which Node's own use of it does as well: it may be missing. What needs more than that is left as it is.
 * Spec   System V ABI (ELF-64), symbol versions of the Linux Standard Base (chapter 10.7).
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Stand {
  /** The version that may be missing. */
  readonly needed: string;
  /** The first version of the same library: x86-64, AArch64. */
  readonly oldest: readonly string[];
  /** Its symbols, and how many letters of each name are left out. */
  readonly symbols: Readonly<Record<string, number>>;
  readonly optional: boolean;
}

const STANDS: readonly Stand[] = [
  {
    needed: 'GLIBC_2.38',
    oldest: ['GLIBC_2.2.5', 'GLIBC_2.17'],
    symbols: { __isoc23_strtol: 9, __isoc23_strtoul: 9 },
    optional: false,
  },
  {
    needed: 'GLIBCXX_3.4.32',
    oldest: ['GLIBCXX_3.4'],
    symbols: { _ZSt21ios_base_library_initv: 0 },
    optional: true,
  },
];

const SYMBOL_OCTETS = 24;
const SECTION = { dynsym: 11, versions: 0x6fff_ffff, needs: 0x6fff_fffe } as const;
const WEAK_VERSION = 2;
const WEAK_SYMBOL = 0x20;

interface Section {
  readonly type: number;
  readonly at: number;
  readonly size: number;
  readonly link: number;
}

interface NeededVersion {
  readonly name: string;
  /** In the table of symbols' versions. */
  readonly index: number;
  readonly at: number;
}

/** Changes the octets of a shared object; false, and nothing changed, where something else stands in the way. */
function bindToOlderLibraries(elf: Buffer): boolean {
  const sections = sectionsOf(elf);
  const find = (type: number): Section | undefined => sections.find((each) => each.type === type);
  const symbols = find(SECTION.dynsym);
  const versions = find(SECTION.versions);
  const needs = find(SECTION.needs);
  const names = sections[symbols?.link ?? -1];
  if (!symbols || !versions || !needs || !names) return false;
  const textAt = (offset: number): string =>
    elf.toString('latin1', names.at + offset, elf.indexOf(0, names.at + offset));
  const wanted = neededVersions(elf, needs, textAt);

  return STANDS.every(({ needed, oldest, symbols: known, optional }) => {
    const from = wanted.find(({ name }) => name === needed);
    const to = wanted.find(({ name }) => oldest.includes(name));
    if (!from || !to) return false;
    for (let index = 0; index < symbols.size / SYMBOL_OCTETS; index++) {
      const versionAt = versions.at + 2 * index;
      if ((elf.readUInt16LE(versionAt) & 0x7fff) !== from.index) continue;
      const symbolAt = symbols.at + SYMBOL_OCTETS * index;
      const skipped = known[textAt(elf.readUInt32LE(symbolAt))];
      if (skipped === undefined) return false;
      elf.writeUInt32LE(elf.readUInt32LE(symbolAt) + skipped, symbolAt);
      elf.writeUInt16LE(to.index, versionAt);
      if (optional) elf[symbolAt + 4] = ((elf[symbolAt + 4] ?? 0) & 0x0f) | WEAK_SYMBOL;
    }
    // A version that nothing needs any more may be missing.
    elf.writeUInt16LE(elf.readUInt16LE(from.at + 4) | WEAK_VERSION, from.at + 4);
    return true;
  });
}

function sectionsOf(elf: Buffer): readonly Section[] {
  const tableAt = Number(elf.readBigUInt64LE(0x28));
  const octets = elf.readUInt16LE(0x3a);
  return Array.from({ length: elf.readUInt16LE(0x3c) }, (_, index) => {
    const at = tableAt + octets * index;
    return {
      type: elf.readUInt32LE(at + 4),
      at: Number(elf.readBigUInt64LE(at + 0x18)),
      size: Number(elf.readBigUInt64LE(at + 0x20)),
      link: elf.readUInt32LE(at + 0x28),
    };
  });
}

function neededVersions(
  elf: Buffer,
  needs: Section,
  textAt: (offset: number) => string,
): readonly NeededVersion[] {
  const found: NeededVersion[] = [];
  for (let library = needs.at; ; ) {
    let at = library + elf.readUInt32LE(library + 8);
    for (let left = elf.readUInt16LE(library + 2); left > 0; left--) {
      found.push({ name: textAt(elf.readUInt32LE(at + 8)), index: elf.readUInt16LE(at + 6), at });
      at += elf.readUInt32LE(at + 12);
    }
    const next = elf.readUInt32LE(library + 12);
    if (next === 0) return found;
    library += next;
  }
}

const [, , file] = process.argv;
if (file?.endsWith('.node')) {
  const elf = readFileSync(file);
  if (bindToOlderLibraries(elf)) writeFileSync(file, elf);
}

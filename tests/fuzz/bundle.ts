/** The fuzzer's target as one file of CommonJS, which it can instrument: build/fuzz/rtp-midi-decoder.cjs. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

await build({
  configFile: false,
  logLevel: 'warn',
  build: {
    outDir: here('../../build/fuzz'),
    emptyOutDir: false,
    minify: false,
    target: 'node20',
    ssr: true,
    lib: { entry: here('rtp-midi-decoder.ts'), formats: ['cjs'] },
    rollupOptions: { output: { entryFileNames: 'rtp-midi-decoder.cjs' } },
  },
});

import { defineConfig } from 'vitest/config';
import { SkipReporter } from './tests/skip-reporter.ts';

export default defineConfig({
  test: {
    include: ['{runtime,hw,sim,cli,tests}/**/*.test.ts'],
    // A slow machine under load; whoever wants to be fast measures that.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // Many tests wait for real networks and processes: two files at once, also where there are only two cores.
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: 'build/test-results.json' }], new SkipReporter()],
  },
});

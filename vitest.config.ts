import { defineConfig } from 'vitest/config';
import { SkipReporter } from './tests/skip-reporter.ts';

export default defineConfig({
  test: {
    include: ['{runtime,hw,sim,cli,tests}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', ['json', { outputFile: 'build/test-results.json' }], new SkipReporter()],
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'runtime/**/*.test.ts',
      'hw/**/*.test.ts',
      'sim/**/*.test.ts',
      'cli/**/*.test.ts',
      'tests/**/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: process.env['CI']
      ? ['default', ['junit', { outputFile: 'build/junit.xml' }]]
      : ['default'],
  },
});

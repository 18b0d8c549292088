/**
 * A test that does not run says so, and why, at the end of the run.
 */
import type { Reporter, TestCase } from 'vitest/node';

export class SkipReporter implements Reporter {
  readonly #skipped: string[] = [];

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state !== 'skipped') return;
    this.#skipped.push(`${test.module.relativeModuleId}: ${test.fullName}: ${result.note ?? ''}`);
  }

  onTestRunEnd(): void {
    if (this.#skipped.length === 0) return;
    process.stdout.write(`\nSkipped here:\n${this.#skipped.map((line) => `  ${line}\n`).join('')}`);
  }
}

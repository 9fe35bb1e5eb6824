import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `npm test [-- filters and options of vitest]`: the tests, then the names of those that failed, and one line for people
 * and machines alike: `N passed, M failed[, K skipped]`.
 */
interface Report {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[];
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-report-'));
const output = join(folder, 'report.json');
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];

const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
process.on('SIGINT', () => {}); // the terminal has sent Ctrl-C to vitest as well
process.on('SIGTERM', () => child.kill());
const [code] = (await once(child, 'exit')) as [number | null];

const report = readReport();
rmSync(folder, { recursive: true, force: true });
const passed = report?.numPassedTests ?? 0;
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
// A file that cannot be loaded, or an error outside of any test, fails without a failing test.
const brokenFiles = report?.testResults.filter(isBroken).length ?? 0;
const counted = (report?.numFailedTests ?? 0) + brokenFiles;
const failed = counted === 0 && code !== 0 ? 1 : counted;
const skipsAllowed = process.env.CI !== 'true';

for (const name of report?.testResults.flatMap(failuresOf) ?? []) console.log(`FAILED: ${name}`);
if (skipped > 0 && !skipsAllowed) console.error('With CI=true no test may be skipped.');
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 && (skipped === 0 || skipsAllowed) ? 0 : 1;

function readReport(): Report | null {
  try {
    return JSON.parse(readFileSync(output, 'utf8')) as Report;
  } catch {
    return null; // vitest did not get so far
  }
}

function failuresOf(file: Report['testResults'][number]): string[] {
  if (isBroken(file)) return [file.name];
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  return failed.map(({ fullName }) => `${file.name}: ${fullName}`);
}

function isBroken(file: Report['testResults'][number]): boolean {
  return file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed');
}

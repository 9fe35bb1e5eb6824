import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { readConfig } from '../src/config.ts';
import { buildService } from '../src/main.ts';
import { openServices } from '../src/open.ts';

const FILE = new URL('../openapi.yaml', import.meta.url);

/** Writes what the running service says of itself; with `--check` only tells whether the committed file still says so. */
const written = stringify(await describe(), { lineWidth: 120, aliasDuplicateObjects: false });
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, written);
} else if (readFileSync(FILE, 'utf8') !== written) {
  process.stderr.write('openapi.yaml differs from the routes: run `npm run openapi` and commit it\n');
  process.exitCode = 1;
}

async function describe(): Promise<unknown> {
  const config = readConfig({
    DATABASE_URL: 'sqlite::memory:',
    COUNTERSIGN_SECRET: createHash('sha256').update('openapi').digest('base64'),
    COUNTERSIGN_API_KEY: `cs_test_${createHash('sha256').update('key').digest('base64url')}`,
  });
  const services = await openServices({ ...config, file: { ...config.file, log_level: 'silent', docs: true } });
  const app = await buildService(services);
  const answer = await app.inject('/openapi.json');
  await app.close();
  await services.close();
  return answer.json();
}

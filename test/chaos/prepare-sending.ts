import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type CountersignProcess, startCountersign } from '../countersign-process.ts';

const ENTRY = fileURLToPath(new URL('sending-process.ts', import.meta.url));

/** Starts processes of one service on this database, whose workers run; each so far ahead of the clock. */
export function prepareSending(databaseUrl: string): (aheadMs: number) => Promise<CountersignProcess> {
  const env = {
    DATABASE_URL: databaseUrl,
    COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
    COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
    SINK_URL: 'http://127.0.0.1:9',
  };
  return (aheadMs) => startCountersign({ ...env, CLOCK_OFFSET_MS: String(aheadMs) }, [ENTRY]);
}

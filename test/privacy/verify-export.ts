import { Readable } from 'node:stream';
import type { Report } from '../../src/audit/verify/report.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import type { TestService } from '../service.ts';
import { readText } from './read-lines.ts';

/** What an auditor finds who has nothing but the export of the key's project. */
export async function verifyExport(service: TestService): Promise<Report> {
  const text = await readText(service, '/v1/audit/export?proof=true');
  return verifyLog({ open: () => Readable.from([Buffer.from(text)]), checkpoints: [], keys: [], partial: true });
}

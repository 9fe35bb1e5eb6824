import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { type NoteKey, parseNoteKey } from './verify/note.ts';
import { printReport, type Report } from './verify/report.ts';
import { verifyLog } from './verify/verify-log.ts';

export interface VerifyOptions {
  export: string;
  /** Files of signed notes. */
  checkpoints: readonly string[];
  /** Verifier keys, or files with one a line. */
  keys: readonly string[];
  partial: boolean;
  json: boolean;
}

export type Verified = { kind: 'done'; text: string; verdict: Report['verdict'] } | { kind: 'refused'; why: string };

/** `countersign audit verify`: reads files and nothing else, neither database nor configuration. */
export async function verifyFiles(options: VerifyOptions): Promise<Verified> {
  const keys = options.keys.flatMap(readKeys);
  if (keys.includes(null))
    return { kind: 'refused', why: '--keys takes `<name>+<hash>+<key>`, or files with one a line' };
  if (options.checkpoints.length > 0 && keys.length === 0) {
    return { kind: 'refused', why: '--checkpoints needs --keys: anybody could have made them' };
  }
  const report = await verifyLog({
    open: () => createReadStream(options.export),
    checkpoints: options.checkpoints.map((file) => readFileSync(file, 'utf8')),
    keys: keys.filter((key) => key !== null),
    partial: options.partial,
  });
  const text = options.json ? JSON.stringify(report, null, 2) : printReport(report);
  return { kind: 'done', text, verdict: report.verdict };
}

function readKeys(given: string): (NoteKey | null)[] {
  const text = existsSync(given) ? readFileSync(given, 'utf8') : given;
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines.map(parseNoteKey);
}

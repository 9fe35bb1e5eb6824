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
  const keys = options.keys.flatMap((given) => readKeys(existsSync(given) ? readFileSync(given, 'utf8') : given));
  if (options.keys.length > 0 && keys.length === 0) {
    return { kind: 'refused', why: '--keys has no key in it: `<name>+<id>+<key>`' };
  }
  if (options.checkpoints.length > 0 && keys.length === 0) {
    return { kind: 'refused', why: '--checkpoints needs --keys: anybody could have made them' };
  }
  const report = await verifyLog({
    open: () => createReadStream(options.export),
    checkpoints: options.checkpoints.map((file) => readNotes(readFileSync(file, 'utf8'))),
    keys,
    partial: options.partial,
  });
  const text = options.json ? JSON.stringify(report, null, 2) : printReport(report);
  return { kind: 'done', text, verdict: report.verdict };
}

/** Out of a list of them, or the answer of the API. */
function readKeys(text: string): NoteKey[] {
  const found = text.match(/[^\s"+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}/g) ?? [];
  return found.flatMap((verifier) => parseNoteKey(verifier) ?? []);
}

/** Notes as they are, or as members of JSON: the API's answer, what a webhook was posted, lines of a syslog. */
function readNotes(text: string): string {
  const inJson = text.match(/"note":\s*"(?:[^"\\]|\\.)*"/g);
  return inJson === null ? text : inJson.map((member) => JSON.parse(`{${member}}`).note).join('\n');
}

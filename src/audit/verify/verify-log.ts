import { createExplanations, type Lack } from './explanations.ts';
import { checkLeaf, type Line } from './leaf.ts';
import { splitLines } from './lines.ts';
import type { NoteKey } from './note.ts';
import { type ParsedLine, parseLine } from './parse-line.ts';
import type { Finding, Report } from './report.ts';
import { createSequences } from './sequences.ts';
import { createSigners } from './signers.ts';
import { createTree } from './tree.ts';
import { createWitness } from './witness.ts';

export interface VerifyInput {
  /** An export as NDJSON; read twice. */
  open(): AsyncIterable<Uint8Array>;
  /** Signed notes, one after the other. */
  checkpoints: readonly string[];
  keys: readonly NoteKey[];
  /** The export is of one project, or of a time: of other rows it holds only hashes. */
  partial: boolean;
}

const MAX_FINDINGS = 20;

/**
 * Judges an export by nothing but its lines, what was kept outside, and public keys. It shares no code with what writes
 * the log. Memory does not grow with the log.
 */
export async function verifyLog({ open, checkpoints, keys, partial }: VerifyInput): Promise<Report> {
  const rows = { events: 0, erased: 0, unproven: 0, deleted: 0, hidden: 0 };
  const findings: Finding[] = [];
  let found = 0;
  let isChanged = false;
  let firstBad: Report['firstBad'] = null;
  const tree = createTree();
  const explanations = createExplanations({ signers: createSigners(keys), partial, report });
  const sequences = createSequences();
  const witness = createWitness(checkpoints, keys, report);
  let next = 0;
  /** A row is not there, or at another place: no root can be made any more. */
  let isBroken = false;

  function report(finding: Finding): void {
    found += 1;
    isChanged ||= finding.kind !== 'checkpoint';
    if (findings.length < MAX_FINDINGS) findings.push(finding);
    if (finding.to === undefined) return;
    const place = { from: finding.from ?? 0, to: finding.to };
    // What a leaf hash shows is exact; a root tells only of the rows since the last one that agreed.
    const isFirst = firstBad === null || place.to < firstBad.from;
    if (isFirst || (firstBad && place.from >= firstBad.from && place.to <= firstBad.to)) firstBad = place;
  }

  function at(index: number, kind: Finding['kind'], message: string): void {
    report({ kind, from: index, to: index, message });
  }

  function judgeEvent(index: number, line: Line, hash: Buffer): void {
    rows.events += 1;
    const check = checkLeaf(line, hash);
    if (check.kind === 'changed') {
      sequences.hidden(index);
      at(
        index,
        'changed',
        `${check.what === 'event' ? 'the event' : 'what it says of a person'} is not what was sealed`,
      );
      return;
    }
    if (check.kind !== 'whole') {
      rows[check.kind] += 1;
      expect(check.kind === 'unproven' ? 'salt' : 'personal', index, line);
    }
    witness.readEvent(index, line);
    sequences.read(index, line);
  }

  function expect(lack: Lack, index: number, line: Line): void {
    if (explanations.explains(lack, index, line)) return;
    if (lack === 'event') at(index, 'deleted', 'the event is gone, and no retention tells of it');
    else at(index, 'erased', 'what was personal is gone or unproven, and neither erasure nor retention tells of it');
  }

  function append(parsed: ParsedLine): void {
    const { index, hash } = parsed;
    const height = parsed.kind === 'hashes' ? parsed.height : 0;
    const leaves = 2 ** height;
    if (index > next)
      report({ kind: 'missing', from: next, to: index - 1, message: 'these rows are not in the export' });
    if (index < next) at(index, 'order', `this row comes after row ${next - 1}`);
    if (index !== next || !tree.append(hash, height)) isBroken = true;
    next = Math.max(next, index + leaves);
    witness.compare(next, isBroken ? null : tree);
  }

  function judge(text: string | null): void {
    if (text === '') return;
    const parsed = text === null ? null : parseLine(text);
    if (parsed?.index !== next) sequences.hidden(next);
    if (!parsed) {
      at(next, 'unreadable', 'a line is no row of an export, or is cut off');
      return;
    }
    if (parsed.kind === 'hashes') {
      const leaves = 2 ** parsed.height;
      const range = { from: parsed.index, to: parsed.index + leaves - 1 };
      rows.hidden += leaves;
      sequences.hidden(parsed.index);
      if (!partial)
        report({
          kind: 'missing',
          ...range,
          message: 'of these rows the export has only hashes (right for one project, or for a time: --partial)',
        });
    } else if (parsed.kind === 'event') judgeEvent(parsed.index, parsed.line, parsed.hash);
    else {
      rows.deleted += 1;
      sequences.deleted(parsed.line);
      expect('event', parsed.index, parsed.line);
    }
    append(parsed);
  }

  for await (const lines of splitLines(open())) for (const line of lines) explanations.collect(line ?? '');
  witness.compare(0, tree);
  for await (const lines of splitLines(open())) for (const line of lines) judge(line);
  witness.finish(next);
  for (const finding of [...explanations.overdrawn(), ...sequences.lost()]) report(finding);

  const isVouchedFor = found === 0 && witness.agree > 0 && (witness.proven > 0 || next === 0);
  return {
    verdict: isChanged ? 'changed' : isVouchedFor ? 'proven' : 'unproven',
    firstBad,
    size: next,
    proven: witness.proven,
    rows,
    checkpoints: {
      read: witness.read,
      agree: witness.agree,
      unchecked: witness.unchecked,
      missing: witness.missing,
    },
    findings,
    found,
  };
}

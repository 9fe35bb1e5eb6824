export interface Finding {
  kind:
    | 'unreadable'
    | 'order'
    | 'missing'
    | 'changed'
    | 'deleted'
    | 'erased'
    | 'statement'
    | 'lost'
    | 'root'
    | 'truncated'
    | 'fork'
    | 'checkpoint';
  /** The rows it is about, both inclusive, as log indexes; without `from` all rows up to `to` may be. */
  from?: number;
  to?: number;
  message: string;
}

export interface Report {
  /**
   * `proven`: every row is what was sealed, and signed checkpoints say so. `unproven`: nothing in it is wrong, but no
   * checkpoint says that the log is the one that was. `changed`: it is not.
   */
  verdict: 'proven' | 'unproven' | 'changed';
  /** Log index of the first bad row, as exactly as can be told: it lies in here, both inclusive. */
  firstBad: { from: number; to: number } | null;
  /** One past the last row. */
  size: number;
  /** So many rows from the first on are what a signed checkpoint vouches for. */
  proven: number;
  rows: {
    events: number;
    /** Without what was personal in them. */
    erased: number;
    /** With personal fields that no salt proves any more. */
    unproven: number;
    /** Only their hashes are left. */
    deleted: number;
    /** Of others: only their hashes are in the export. */
    hidden: number;
  };
  checkpoints: {
    read: number;
    agree: number;
    /** Whose size lies where the export has only one hash for many rows. */
    unchecked: number;
    /** Numbers between the first and the last of which there is none: right for who kept only some. */
    missing: number;
  };
  /** The first of them. */
  findings: Finding[];
  /** How many there are. */
  found: number;
}

export function printReport(report: Report): string {
  const { verdict, firstBad, size, proven, rows, checkpoints, findings, found } = report;
  const lines = [
    verdict === 'proven' && proven < size ? `${PARTLY} ${proven} of ${size} rows` : HEADLINES[verdict],
    ...(firstBad ? [`first bad row: ${placeOf(firstBad)}`] : []),
    '',
    `rows         ${size}: ${rows.events} events, ${rows.deleted} deleted, ${rows.hidden} of others`,
    `personal     ${rows.erased} events without their personal fields, ${rows.unproven} with fields that nothing proves`,
    `checkpoints  ${checkpoints.read} read, ${checkpoints.agree} agree, ${checkpoints.unchecked} could not be compared, ${checkpoints.missing} missing between them`,
    `proven       the first ${proven} rows`,
    ...(found > 0 ? ['', ...findings.map(printFinding)] : []),
    ...(found > findings.length ? [`… and ${found - findings.length} more`] : []),
  ];
  return lines.join('\n');
}

const HEADLINES = {
  proven: 'VERIFIED: the log is as it was sealed',
  unproven: 'NOT PROVEN: the export agrees with itself, but not every checkpoint could vouch for it',
  changed: 'CHANGED: the log is not as it was sealed',
};

/** Rows after the newest checkpoint: nobody outside has seen them. */
const PARTLY = 'VERIFIED IN PART: the log is as it was sealed in the first';

function printFinding({ from, to, kind, message }: Finding): string {
  const place = to === undefined ? '' : ` ${placeOf({ from: from ?? 0, to })}`;
  return `${kind}${place}: ${message}`;
}

function placeOf({ from, to }: { from: number; to: number }): string {
  return from === to ? `${from}` : `${from}–${to}`;
}

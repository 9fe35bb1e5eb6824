import type { Line } from './leaf.ts';
import type { Finding } from './report.ts';
import type { Signers } from './signers.ts';

/** What a row lacks: all of its event, what is personal in it, or only what proves that. */
export type Lack = 'event' | 'personal' | 'salt';

/**
 * What is missing from the log must be told by the log itself: erasures name the rows they took something from,
 * retention a stretch of them and how many. Such events come after the rows they tell of, so they are collected before
 * the rows are judged; that they are what was sealed shows when their own turn comes. They are signed: anybody who writes
 * to the database can put an event into the log.
 */
export interface Explanations {
  /** Looks at a line for what it may explain. */
  collect(line: string): void;
  /** Called in the order of rows. */
  explains(lack: Lack, index: number, line: Line): boolean;
  /** Retention that more rows would need than it says it has passed. */
  overdrawn(): Finding[];
}

interface Claim {
  /** Rows, both inclusive. */
  from: number;
  to: number;
  /** Where it is told: it explains only what is before it. */
  toldAt: number;
  retention: Retention | null;
}

/** Only events of this family, or null for those of any; only those so old; only so many. */
interface Retention {
  family: string | null;
  before: string;
  count: number;
  used: number;
}

const MARKS = ['"type":"erasure.applied"', '"type":"retention.applied"', '"type":"audit_key.rotated"'];

/** Events about who signs, and what explains gaps, are kept for good: nothing explains their absence. */
const KEPT = /^(erasure|retention|audit_key)\./;

export interface ExplanationsOptions {
  signers: Signers;
  /** What is signed by who is named in other rows, is taken at its word and reported. */
  partial: boolean;
  report(finding: Finding): void;
}

export function createExplanations({ signers, partial, report }: ExplanationsOptions): Explanations {
  const told = new Set<unknown>();
  const claims = new Map<string, Claim[]>();
  const cursors = new Map<string, { sorted: Claim[]; next: number }>();

  function add(lack: Lack, line: Line, claim: Claim): void {
    const key = keyOf(lack, line);
    const known = claims.get(key);
    if (known) known.push(claim);
    else claims.set(key, [claim]);
  }

  function cursorOf(key: string) {
    const known = cursors.get(key);
    if (known) return known;
    const sorted = (claims.get(key) ?? []).sort((a, b) => a.from - b.from || a.to - b.to);
    const cursor = { sorted, next: 0 };
    cursors.set(key, cursor);
    return cursor;
  }

  function isVouchedFor(line: Told): boolean {
    const { log_index: at, id, type } = line;
    const place = { from: at, to: at };
    const judged = told.has(id) ? 'forged' : signers.judge(line);
    told.add(id);
    if (judged === 'signed') return true;
    if (judged === 'unknown' && partial) {
      report({ kind: 'checkpoint', message: `no given key has signed the ${type} of row ${at}` });
      return true;
    }
    report({ kind: 'statement', ...place, message: `no trusted key has signed this ${type}, or it is there twice` });
    return false;
  }

  return {
    collect(text) {
      if (!MARKS.some((mark) => text.includes(mark))) return;
      const line = parse(text);
      if (!line) return;
      signers.follow(line);
      if (line.type === 'audit_key.rotated' || !isVouchedFor(line)) return;
      if (line.type === 'erasure.applied') {
        for (const [from, to] of readRanges(line.data.log_indexes)) {
          add('personal', line, { from, to, toldAt: line.log_index, retention: null });
        }
      } else if (line.type === 'retention.applied') {
        const told = readRetention(line);
        if (told) add(told.lack, line, told.claim);
      }
    },

    explains(lack, index, line) {
      if (lack === 'event' && KEPT.test(String(line.type))) return false;
      const cursor = cursorOf(keyOf(lack, line));
      const { sorted } = cursor;
      while ((sorted[cursor.next]?.to ?? index) < index) cursor.next += 1;
      const fitting: Claim[] = [];
      for (let i = cursor.next; (sorted[i]?.from ?? Infinity) <= index; i += 1) {
        const claim = sorted[i];
        if (claim && claim.to >= index && fits(claim, index, line)) fitting.push(claim);
      }
      // An erasure leaves nothing that could be shown, and retention nothing of where somebody was.
      if (lack === 'salt') return !showsPlace(line) && draw(fitting.filter(({ retention }) => retention !== null));
      // What is exact uses up no retention.
      return fitting.some(({ retention }) => retention === null) || draw(fitting);
    },

    overdrawn() {
      return [...claims.entries()].flatMap(([key, list]) =>
        list.flatMap(({ from, to, toldAt, retention }): Finding[] => {
          if (!retention || retention.used <= retention.count) return [];
          const what = key.startsWith('event') ? 'are gone' : 'lack personal fields';
          const message = `${retention.used} rows ${what}, but row ${toldAt} tells of ${retention.count}`;
          return [{ kind: key.startsWith('event') ? 'deleted' : 'erased', from, to, message }];
        }),
      );
    },
  };
}

function keyOf(lack: Lack, { project, mode }: Line): string {
  return `${lack === 'event' ? 'event' : 'personal'} ${project} ${mode}`;
}

/**
 * Counts the row for one of these. What is of its family explains least beside it, and what ends first nothing that
 * comes later: they are used up before others. One too many is counted too, and makes its retention overdrawn.
 */
function draw(fitting: readonly Claim[]): boolean {
  const tolds = fitting.flatMap(({ to, retention }) => (retention ? [{ to, retention }] : []));
  const left = tolds.filter(({ retention }) => retention.used < retention.count);
  const rank = ({ retention }: { retention: Retention }) => (retention.family === null ? 1 : 0);
  const [chosen = tolds[0]] = left.sort((a, b) => rank(a) - rank(b) || a.to - b.to);
  if (chosen) chosen.retention.used += 1;
  return chosen !== undefined;
}

function showsPlace({ client, data }: Line): boolean {
  return client !== undefined || Object.keys(data as object).some((name) => name === 'ip' || name === 'user_agent');
}

function fits({ toldAt, retention }: Claim, index: number, { type, created_at }: Line): boolean {
  if (toldAt <= index) return false;
  if (!retention) return true;
  if (typeof type !== 'string' || typeof created_at !== 'string') return false;
  const isOldEnough = created_at <= retention.before;
  return isOldEnough && (retention.family === null || type.startsWith(`${retention.family}.`));
}

interface Told extends Line {
  log_index: number;
  data: Record<string, unknown>;
}

function parse(text: string): Told | null {
  try {
    const line = JSON.parse(text);
    const isEvent = Number.isSafeInteger(line.log_index) && typeof line.data === 'object' && line.data !== null;
    return isEvent ? line : null;
  } catch {
    return null;
  }
}

function readRanges(value: unknown): [number, number][] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (range): range is [number, number] =>
      Array.isArray(range) && range.length === 2 && range.every(Number.isSafeInteger),
  );
}

/** Classes of events are `events`, `events:<family>`, and `client` for where somebody was. */
function readRetention({ log_index, data }: Told): { lack: Lack; claim: Claim } | null {
  const { class: name, before, count, first_index, last_index } = data;
  if (typeof name !== 'string' || typeof before !== 'string' || typeof count !== 'number') return null;
  if (typeof first_index !== 'number' || typeof last_index !== 'number') return null;
  const [kind, family = null] = name.split(':');
  if (kind !== 'events' && kind !== 'client') return null;
  const retention = { family, before, count, used: 0 };
  const lack = kind === 'events' ? 'event' : 'personal';
  return { lack, claim: { from: first_index, to: last_index, toldAt: log_index, retention } };
}

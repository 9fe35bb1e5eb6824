import { range, table, twoDigits, whole } from './report.ts';
import type { Spread } from './statistics.ts';

export interface Row {
  name: string;
  perSecond?: Spread;
  timesPackage?: Spread;
  p50Ms?: Spread;
  p99Ms?: Spread;
  /** CPU for each message, µs. */
  serverUs?: Spread;
  redisUs?: Spread;
  postgresUs?: Spread;
  aim?: { text: string; met: boolean };
}

const COLUMNS = ['measured', 'messages/s', '× package', 'p50 ms', 'p99 ms', 'CPU µs', 'Redis', 'Postgres', 'aim'];

export function reportRows(rows: readonly Row[]): string {
  return table([COLUMNS, ...rows.map(toCells)]);
}

function toCells({ name, aim, ...row }: Row): string[] {
  const cell = (spread: Spread | undefined, write: (spread: Spread) => string) => (spread ? write(spread) : '');
  const median = ({ median }: Spread) => whole(median);
  return [
    name,
    cell(row.perSecond, range),
    cell(row.timesPackage, twoDigits),
    cell(row.p50Ms, range),
    cell(row.p99Ms, range),
    cell(row.serverUs, median),
    cell(row.redisUs, median),
    cell(row.postgresUs, median),
    aim ? `${aim.text}: ${aim.met ? 'met' : 'MISSED'}` : '',
  ];
}

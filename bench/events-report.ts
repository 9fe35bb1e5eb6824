import { range, table, whole } from './report.ts';
import type { Spread } from './statistics.ts';

/** One thing measured about events. */
export interface EventsRow {
  name: string;
  perSecond?: Spread;
  seconds?: Spread;
  /** CPU for each of them, µs: of the process at work, and of PostgreSQL. */
  cpuUs?: Spread;
  postgresUs?: Spread;
  /** The most that the process at work held. */
  peakRssMb?: Spread;
  aim?: { text: string; met: boolean };
}

const COLUMNS = ['measured', 'per second', 'seconds', 'CPU µs', 'Postgres', 'peak RSS MB', 'aim'];

export function reportEvents(rows: readonly EventsRow[]): string {
  return table([COLUMNS, ...rows.map(toCells)]);
}

function toCells({ name, aim, ...row }: EventsRow): string[] {
  const cell = (spread: Spread | undefined, write: (spread: Spread) => string) => (spread ? write(spread) : '');
  const median = ({ median }: Spread) => whole(median);
  return [
    name,
    cell(row.perSecond, range),
    cell(row.seconds, range),
    cell(row.cpuUs, median),
    cell(row.postgresUs, median),
    cell(row.peakRssMb, median),
    aim ? `${aim.text}: ${aim.met ? 'met' : 'MISSED'}` : '',
  ];
}

import type { AuditEvent } from '../src/audit/event.ts';
import { insertEvents } from '../src/audit/insert-events.ts';
import { createSealer } from '../src/audit/log/sealer.ts';
import type { Database } from '../src/db/open.ts';
import { writeTransaction } from '../src/db/transaction.ts';
import { newId } from '../src/lib/ids.ts';
import { cpuMsOf, cpuMsOfFamily } from './cpu-meter.ts';
import { type Dialect, type EventsContext, openNewDatabase } from './events-database.ts';
import type { EventsRow } from './events-report.ts';
import { spreadOf } from './statistics.ts';

const EVENTS = 50_000;
const QUICK_EVENTS = 5_000;
const PER_TRANSACTION = 200;

interface Slice {
  perSecond: number;
  cpuUs: number;
  postgresUs: number;
}

/** How fast events enter the table and, afterwards, the log; each in one process that does nothing else. */
export async function measureSealed(context: EventsContext, dialect: Dialect): Promise<EventsRow[]> {
  const { quick, rounds } = context.options;
  const count = quick ? QUICK_EVENTS : EVENTS;
  const db = await openNewDatabase(context, dialect);
  const sealer = createSealer(db);
  const measure = (work: () => Promise<unknown>) => measureSlice(context, count, work);
  const recorded: Slice[] = [];
  const sealed: Slice[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const [recording, sealing] = [await measure(() => record(db, count)), await measure(sealer.sealAll)];
    if (round === 0) continue; // until the code is compiled
    recorded.push(recording);
    sealed.push(sealing);
  }
  await db.close();
  return [
    rowOf(`${dialect}: recorded, ${PER_TRANSACTION} a transaction`, recorded),
    rowOf(`${dialect}: sealed`, sealed),
  ];
}

function rowOf(name: string, slices: readonly Slice[]): EventsRow {
  const spread = (pick: (slice: Slice) => number) => spreadOf(slices.map(pick));
  const postgresUs = spread((slice) => slice.postgresUs);
  return {
    name,
    perSecond: spread((slice) => slice.perSecond),
    cpuUs: spread((slice) => slice.cpuUs),
    ...(postgresUs.max > 0 && name.startsWith('postgres') && { postgresUs }),
  };
}

async function measureSlice({ stores }: EventsContext, count: number, work: () => Promise<unknown>): Promise<Slice> {
  const read = () => ({
    at: performance.now(),
    own: cpuMsOf(process.pid),
    postgres: cpuMsOfFamily(stores.postmasterPid),
  });
  const before = read();
  await work();
  const after = read();
  return {
    perSecond: (count / (after.at - before.at)) * 1000,
    cpuUs: ((after.own - before.own) / count) * 1000,
    postgresUs: ((after.postgres - before.postgres) / count) * 1000,
  };
}

export async function record(db: Database, count: number): Promise<void> {
  for (let left = count; left > 0; left -= PER_TRANSACTION) {
    const events = Array.from({ length: Math.min(left, PER_TRANSACTION) }, newEvent);
    await writeTransaction(db, {}, (trx) => insertEvents(trx, events));
  }
}

/** As a start of a verification writes it. */
function newEvent(): AuditEvent {
  return {
    id: newId('evt'),
    type: 'verification.created',
    at: Date.now(),
    project: 'prj_bench',
    mode: 'live',
    actor: 'key_bench',
    verificationId: newId('ver'),
    recipient: { masked: '+33*******78', hash: 'Rk5oMTlJZ2VwcEdHQ0ZrbEJnbW9mN1FwS3JhVnE' },
    client: { ip: '203.0.113.7', user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101' },
    data: { purpose: 'login', channel: 'sms', send: 0 },
    sequence: 1,
  };
}

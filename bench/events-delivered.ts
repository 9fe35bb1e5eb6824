import { type Dialect, type EventsContext, newDatabase } from './events-database.ts';
import type { EventsRow } from './events-report.ts';
import { spreadOf } from './statistics.ts';
import { type DeliverySample, openDeliveryBench } from './webhook-deliveries.ts';

const AIM_PER_SECOND = 2_000;
/** As `npm start` has it. */
const EXEC_ARGV = ['--max-semi-space-size=8'];

/** Webhooks to a receiver on this machine, to one endpoint and to fifty, and to one for which much waits. */
export async function measureDelivered(context: EventsContext, dialect: Dialect): Promise<EventsRow[]> {
  const { runFolder, stores, options } = context;
  const deliveries = options.quick ? 2_000 : 20_000;
  const waiting = options.quick ? 5_000 : Math.round(options.rows / 5);
  const databaseUrl = await newDatabase(context, dialect);
  const postmasterPid = dialect === 'postgres' ? stores.postmasterPid : null;
  const bench = await openDeliveryBench({ runFolder, databaseUrl, postmasterPid, execArgv: EXEC_ARGV });
  const rows: EventsRow[] = [];

  async function measure(name: string, one: () => Promise<DeliverySample>): Promise<void> {
    await one();
    const samples: DeliverySample[] = [];
    while (samples.length < options.rounds) samples.push(await one());
    const spread = (of: keyof DeliverySample) => spreadOf(samples.map((sample) => sample[of]));
    const perSecond = spread('perSecond');
    rows.push({
      name: `${dialect}: recorded, sealed and delivered, ${name}`,
      perSecond,
      cpuUs: spread('serverUs'),
      ...(postmasterPid !== null && { postgresUs: spread('postgresUs') }),
      aim: { text: `≥ ${AIM_PER_SECOND}/s`, met: perSecond.median >= AIM_PER_SECOND },
    });
  }

  try {
    await measure('1 endpoint', () => bench.measure(1, deliveries));
    await measure('50 endpoints', () => bench.measure(50, deliveries));
    await bench.fill(waiting);
    await measure(`1 endpoint, ${waiting} waiting`, () => bench.measureBacklog(deliveries));
  } finally {
    await bench.stop();
  }
  return rows;
}

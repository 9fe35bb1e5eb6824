import type { Channel } from '../../lib/channels.ts';
import { ENOUGH, isFailing, scoreOf } from './judge-figures.ts';
import {
  COUNTS,
  type CountName,
  type Counts,
  type ProviderStats,
  SHORT_SECONDS,
  type StatsRow,
} from './provider-stats.ts';

/** What the figures of all instances say of the providers. Read for each message, so made when figures are loaded. */
export interface Health {
  of(channel: Channel, country: string | null): PlaceHealth;
  /** Every provider, channel and country there are figures of. */
  list(): ProviderHealth[];
  /** Loads what changed, and judges anew. Returns what began or ceased to fail. */
  load(now: number): Promise<ProviderHealth[]>;
}

/** On one channel to one country. */
export interface PlaceHealth {
  score(provider: string): number;
  isFailing(provider: string): boolean;
  figures(provider: string): Figures | null;
}

export interface Figures {
  /** Of about the last day; what is older counts less. */
  long: Counts;
  /** Of the newest minutes that say enough. */
  recent: Counts;
}

export interface ProviderHealth extends Figures {
  provider: string;
  channel: string;
  country: string;
  isFailing: boolean;
}

const SHORT_MS = SHORT_SECONDS * 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HALF_LIFE_MS = 3 * HOUR_MS;
/** Many codes are approved by then: a period says nothing before that. */
const RIPE_MS: Record<Channel, number> = {
  sms: 30_000,
  whatsapp: 30_000,
  telegram: 30_000,
  voice: 60_000,
  email: 300_000,
};
/** The newest figures are of so many periods at least: some people take longer. */
const RECENT_PERIODS = 3;
/** Rows change for as long as a code lives, and a little longer for those who are late to write. */
const CHANGING_MS = 12 * 60_000;

/** What is counted together, and how much of it there is. */
const MEASURES: { of(counts: Counts): number; names: CountName[] }[] = [
  { of: ({ codes_sent }) => codes_sent, names: ['codes_sent', 'codes_approved'] },
  { of: ({ delivered, undelivered }) => delivered + undelivered, names: ['delivered', 'undelivered'] },
  { of: ({ sent }) => sent, names: ['sent', 'accepted', 'rejected', 'failed', 'unknown'] },
];

interface Place {
  providers: Map<string, ProviderHealth>;
  scores: Map<string, number>;
}

const UNKNOWN: PlaceHealth = { score: () => 0, isFailing: () => false, figures: () => null };

export function createHealth(stats: Pick<ProviderStats, 'read'>): Health {
  /** Newest last read wins: rows only grow. */
  const rows = new Map<string, StatsRow>();
  let places = new Map<string, PlaceHealth>();
  let list: ProviderHealth[] = [];
  let loadedAt: number | null = null;

  async function read(now: number): Promise<void> {
    const first = loadedAt === null;
    const fresh = await stats.read({
      short: first ? shortSince(now) : Math.min(now, loadedAt ?? now) - CHANGING_MS,
      hours: first ? now - DAY_MS : Math.min(now, loadedAt ?? now) - CHANGING_MS - HOUR_MS,
    });
    for (const row of fresh) rows.set(nameOf(row), row);
    for (const [name, row] of rows) {
      const isOld = row.seconds === SHORT_SECONDS ? row.at < shortSince(now) : row.at < now - DAY_MS;
      if (isOld) rows.delete(name);
    }
    loadedAt = now;
  }

  return {
    of: (channel, country) => places.get(`${channel} ${country ?? '-'}`) ?? UNKNOWN,
    list: () => list,
    async load(now) {
      await read(now);
      const before = new Set(list.filter((one) => one.isFailing).map(nameOfHealth));
      const judged = judge([...rows.values()], now);
      places = new Map([...judged].map(([name, place]) => [name, toHealth(place)]));
      list = [...judged.values()].flatMap(({ providers }) => [...providers.values()]);
      return list.filter((one) => one.isFailing !== before.has(nameOfHealth(one)));
    },
  };
}

/** Older short periods are read as hours. */
function shortSince(now: number): number {
  const hourAgo = now - HOUR_MS;
  return hourAgo - (hourAgo % HOUR_MS);
}

function nameOf({ provider, channel, country, seconds, at }: StatsRow): string {
  return `${provider} ${channel} ${country} ${seconds} ${at}`;
}

function nameOfHealth({ provider, channel, country }: ProviderHealth): string {
  return `${provider} ${channel} ${country}`;
}

function toHealth({ providers, scores }: Place): PlaceHealth {
  return {
    score: (provider) => scores.get(provider) ?? scores.get('') ?? 0,
    isFailing: (provider) => providers.get(provider)?.isFailing ?? false,
    figures: (provider) => providers.get(provider) ?? null,
  };
}

function judge(rows: readonly StatsRow[], now: number): Map<string, Place> {
  const places = new Map<string, Place>();
  const groups = Map.groupBy(rows, ({ provider, channel, country }) => `${channel} ${country}\n${provider}`);
  for (const [name, group] of groups) {
    const [place = '', provider = ''] = name.split('\n');
    const { channel, country } = group[0] as StatsRow;
    const known = places.get(place) ?? { providers: new Map(), scores: new Map() };
    known.providers.set(provider, { provider, channel, country, isFailing: false, ...figuresOf(group, now) });
    places.set(place, known);
  }
  for (const place of places.values()) {
    const all = [...place.providers.values()];
    for (const one of all) {
      one.isFailing = isFailing(one, all);
      place.scores.set(one.provider, scoreOf(one.long, all));
    }
    // A provider nobody has used yet here is as good as the others.
    place.scores.set('', scoreOf(null, all));
  }
  return places;
}

/** Of one provider, channel and country. */
function figuresOf(rows: readonly StatsRow[], now: number): Figures {
  const long = zeros();
  const recent = zeros();
  const since = shortSince(now);
  const ripeBefore = now - RIPE_MS[rows[0]?.channel as Channel] - SHORT_MS;
  const recentSince = ripeBefore - RECENT_PERIODS * SHORT_MS;
  const ripe = rows
    .filter(({ seconds, at }) => (seconds === SHORT_SECONDS ? at <= ripeBefore : at < since))
    .sort((a, b) => b.at - a.at);
  for (const row of ripe) {
    add(long, row, 2 ** ((row.at - now) / HALF_LIFE_MS));
    if (row.seconds !== SHORT_SECONDS) continue;
    const isRecent = row.at > recentSince;
    for (const { of, names } of MEASURES) if (isRecent || of(recent) < ENOUGH) addSome(recent, row, names);
  }
  return { long, recent };
}

function zeros(): Counts {
  return Object.fromEntries(COUNTS.map((name) => [name, 0])) as Counts;
}

function add(sum: Counts, row: Counts, weight: number): void {
  for (const name of COUNTS) sum[name] += row[name] * weight;
}

function addSome(sum: Counts, row: Counts, names: readonly CountName[]): void {
  for (const name of names) sum[name] += row[name];
}

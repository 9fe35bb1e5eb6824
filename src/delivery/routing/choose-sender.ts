import type { Channel } from '../../lib/channels.ts';
import { bucketOf } from './bucket-of.ts';
import type { Bucket, RouteFacts } from './router.ts';
import { CHANNELS_OF_KIND, senderOfBrand } from './sender-kinds.ts';
import type { TableSender } from './table-schema.ts';

export interface Senders {
  /** The sender for a message through this provider; null when none may be used there. */
  choose(provider: string, facts: RouteFacts): ChosenSender | null;
}

export interface ChosenSender {
  value: string;
  bucket: Bucket | null;
}

/** Senders of one provider on one channel to one country. */
interface Place {
  usable: readonly (ChosenSender & { kind: TableSender['kind'] })[];
  /** Some are listed for it, and may not be used yet or any more. */
  hasUnusable: boolean;
}

export function compileSenders(senders: readonly TableSender[]): Senders {
  const places = new Map<string, Place>();
  const listedOn = new Set(senders.flatMap(({ kind }) => CHANNELS_OF_KIND[kind]));

  function placeOf(provider: string, channel: Channel, country: string | null): Place {
    const name = `${provider} ${channel} ${country}`;
    const known = places.get(name);
    if (known) return known;
    const listed = senders.filter(
      (sender) =>
        CHANNELS_OF_KIND[sender.kind].includes(channel) &&
        (sender.countries?.some((other) => other === country) ?? true) &&
        (sender.providers?.includes(provider) ?? true),
    );
    const usable = listed.filter(isUsable);
    const place = {
      usable: usable.map((sender) => ({
        value: sender.value,
        kind: sender.kind,
        bucket: bucketOf(`sender:${provider}:${sender.value}`, sender.per_second, sender.burst),
      })),
      hasUnusable: usable.length < listed.length,
    };
    places.set(name, place);
    return place;
  }

  return {
    choose(provider, facts) {
      // Where the operator lists no senders, callers name their own.
      if (!listedOn.has(facts.channel)) {
        return { value: facts.sender ?? senderOfBrand(facts.brand), bucket: null };
      }
      const { usable, hasUnusable } = placeOf(provider, facts.channel, facts.country);
      if (facts.sender !== undefined) return usable.find(({ value }) => value === facts.sender) ?? null;
      const [first] = usable;
      if (!first) return hasUnusable ? null : { value: senderOfBrand(facts.brand), bucket: null };
      if (first.kind !== 'long') return first;
      const numbers = usable.filter(({ kind }) => kind === 'long');
      return numbers[spread(facts.to, numbers.length)] ?? first;
    },
  };
}

function isUsable({ registration }: TableSender): boolean {
  return registration === 'registered' || registration === 'not_required';
}

/** Numbers share the recipients, and each recipient always sees the same one. */
function spread(to: string, count: number): number {
  if (count === 1) return 0;
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < to.length; i += 1) hash = Math.imul(hash ^ to.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % count;
}

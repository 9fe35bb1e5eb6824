import type { EventClass } from './pass-events.ts';
import { KEPT_FAMILIES, type Retention } from './retention-schema.ts';
import type { EventRow } from './strip-events.ts';

const DAY_MS = 86_400_000;
/** Members of `data` that say where somebody was, beside `client`. */
const PLACES: ReadonlySet<string> = new Set(['ip', 'user_agent']);

/** What is to be done to events, by how old they are. A class is named after what it is about, never after its days. */
export function eventClasses(retention: Retention, now: number): EventClass[] {
  const { events_days, event_families: families, client_days } = retention;
  const apart = new Set<string>([...Object.keys(families), ...KEPT_FAMILIES]);
  const gone = (name: string, days: number | null, concerns: EventClass['concerns']): EventClass[] =>
    days === null ? [] : [{ name, before: now - days * DAY_MS, concerns }];
  return [
    // First what is to go anyway.
    ...Object.entries(families).flatMap(([family, days]) =>
      gone(`events:${family}`, days, (event) => familyOf(event) === family),
    ),
    ...gone('events', events_days, (event) => !apart.has(familyOf(event))),
    ...(client_days === null
      ? []
      : [{ name: 'client', before: now - client_days * DAY_MS, concerns: tellsPlace, strip: withoutPlace }]),
  ];
}

function familyOf({ type }: EventRow): string {
  return type.slice(0, type.indexOf('.'));
}

function tellsPlace({ client, data }: EventRow): boolean {
  return client !== null || Object.keys(JSON.parse(data) as object).some((name) => PLACES.has(name));
}

function withoutPlace(row: EventRow): EventRow {
  const members = Object.entries(JSON.parse(row.data) as object).filter(([name]) => !PLACES.has(name));
  return { ...row, client: null, data: JSON.stringify(Object.fromEntries(members)) };
}

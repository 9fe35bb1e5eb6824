import type { Channel } from '../../lib/channels.ts';
import { minutesOf, type Span, type Week } from './week.ts';

export const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When a project or a campaign sends, by the recipient's clock. Members that are missing mean all. */
export interface OwnWindow {
  days?: Weekday[];
  /** `HH:MM` */
  from: string;
  /** `HH:MM`, not included; `24:00` is the end of the day. */
  to: string;
  countries?: string[];
  channels?: Channel[];
  purposes?: ('marketing' | 'transactional')[];
}

/** What they allow together. Null when none of them speaks of it: then they do not limit it. */
export function weekOfOwn(
  windows: readonly OwnWindow[],
  of: { country: string | null; channel: Channel; purpose: 'marketing' | 'transactional' },
): Week | null {
  const applying = windows.filter(
    ({ countries, channels, purposes = ['marketing'] }) =>
      purposes.includes(of.purpose) &&
      (channels?.includes(of.channel) ?? true) &&
      (countries === undefined || (of.country !== null && countries.includes(of.country))),
  );
  if (applying.length === 0) return null;
  return WEEKDAYS.map((day) =>
    applying
      .filter(({ days }) => days?.includes(day) ?? true)
      .map(({ from, to }): Span => [minutesOf(from), minutesOf(to)])
      .sort(([a], [b]) => a - b),
  );
}

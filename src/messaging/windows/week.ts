/** Minutes since midnight by the clock on the wall: from (included) to (excluded). */
export type Span = readonly [from: number, to: number];

/** When something may be sent, by day of the week, Sunday first. A day without spans is closed. */
export type Week = readonly (readonly Span[])[];

/** Of `HH:MM-HH:MM`, several apart by a blank: Mondays to Fridays, Saturdays, Sundays; null: not at all. */
export function weekOf(weekdays: string, saturday: string | null = weekdays, sunday: string | null = saturday): Week {
  const [working, sixth, seventh] = [weekdays, saturday, sunday].map((text) =>
    text === null ? [] : text.split(' ').map(spanOf),
  );
  return [seventh ?? [], ...Array.from({ length: 5 }, () => working ?? []), sixth ?? []];
}

function spanOf(text: string): Span {
  const [from = '', to = ''] = text.split('-');
  return [minutesOf(from), minutesOf(to)];
}

/** Of `HH:MM`; `24:00` is the end of the day. */
export function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import type { FieldError } from '../../lib/errors.ts';
import { checkWindows, WindowSchema } from '../windows/window-schemas.ts';
import type { CampaignRow } from './campaign.ts';
import { checkRepeat, RepeatSchema } from './recurring.ts';

/** When recipients may be sent something, besides what the law and the project say; the campaign's `schedule` is JSON of it. */
export const CampaignScheduleSchema = Type.Object(
  {
    local_time: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])T(?:[01]\\d|2[0-3]):[0-5]\\d$',
        description:
          '`2027-03-01T09:00`: each recipient’s turn is when their own clock shows it. Start it a day before.',
      }),
    ),
    windows: Type.Optional(Type.Array(WindowSchema, { maxItems: 20 })),
    repeat: Type.Optional(RepeatSchema),
  },
  { ...closed, title: 'CampaignSchedule' },
);
export type CampaignSchedule = Static<typeof CampaignScheduleSchema>;

export function readCampaignSchedule({ schedule }: Pick<CampaignRow, 'schedule'>): CampaignSchedule {
  return schedule === null ? {} : (JSON.parse(schedule) as CampaignSchedule);
}

export function checkSchedule({ local_time, windows = [], repeat }: CampaignSchedule): FieldError[] {
  const pointer = '/schedule';
  const both = repeat && local_time !== undefined;
  return [
    ...(both ? [{ pointer: `${pointer}/local_time`, message: 'is of one day: it cannot be repeated' }] : []),
    ...(local_time !== undefined && !isInCalendar(local_time)
      ? [{ pointer: `${pointer}/local_time`, message: 'is not a day of the calendar' }]
      : []),
    ...checkWindows(windows, `${pointer}/windows`),
    ...(repeat ? checkRepeat(repeat, `${pointer}/repeat`) : []),
  ];
}

/** Date.parse takes February 30 for March 2. */
function isInCalendar(localTime: string): boolean {
  const at = Date.parse(`${localTime}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(localTime);
}

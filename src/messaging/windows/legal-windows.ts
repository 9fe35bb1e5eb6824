import type { Channel } from '../../lib/channels.ts';
import type { Calendar } from './holidays.ts';
import { type Week, weekOf } from './week.ts';

/** When marketing may be sent to a country, by law or because its carriers take it at no other time. */
export interface LegalWindow {
  /** ISO 3166-1 alpha-2; `*`: every country without a row for the channel. */
  country: string;
  /** ISO 3166-2, without the country: where a part of it is stricter. */
  region?: string;
  channels: readonly Channel[];
  week: Week;
  /** Its holidays are closed. */
  closed?: Calendar;
  sources: readonly string[];
}

/** What rings. */
const PHONE = ['sms', 'voice', 'whatsapp', 'telegram'] as const;
const TEXT = ['sms', 'whatsapp', 'telegram'] as const;
const ALL = ['sms', 'voice', 'email', 'whatsapp', 'telegram'] as const;

const DROP_COWBOY = 'dropcowboy.com/state-compliance (November 2025)';
const CLICKPOINT = 'blog.clickpointsoftware.com/telemarketing-calling-hours-by-state (July 2025)';
const REFERRIZER = 'support.referrizer.com: TCPA quiet hours and state-specific rules';
const CALL_DESK = 'Call Desk, can_i_call_now (2026)';
const DNC_DATES = 'dnc.com: restricted call dates';
const VERO = 'help.getvero.com: SMS quiet hours compliance';

const FRENCH: readonly { country: string; closed: Calendar }[] = [
  ...(['FR', 'GP', 'MQ', 'GF', 'RE', 'YT', 'BL', 'MF'] as const).map((country) => ({ country, closed: country })),
  { country: 'PM', closed: 'FR' },
];

/**
 * Where sources differ, what all of them allow. Laws change: who sends is answerable for it, and a project's own
 * windows can only be stricter.
 */
export const LEGAL_WINDOWS: readonly LegalWindow[] = [
  {
    country: '*',
    channels: PHONE,
    week: weekOf('08:00-20:00'),
    sources: [`${VERO} (for countries without a rule of their own)`],
  },
  ...FRENCH.flatMap(({ country, closed }): LegalWindow[] => [
    {
      country,
      channels: TEXT,
      week: weekOf('10:00-20:00', '10:00-19:00', null),
      closed,
      sources: [
        'developers.brevo.com and help.brevo.com: not from 22:00 to 8:00, on Sundays and public holidays',
        'digitaleo.fr: législation SMS (10:00 to 20:00)',
        'SMS Partner: Saturdays 10:00 to 19:00',
      ],
    },
    {
      country,
      channels: ['voice'],
      week: weekOf('10:00-13:00 14:00-20:00', null),
      closed,
      sources: ['décret n° 2022-1313 du 13 octobre 2022: Mondays to Fridays 10 to 13 and 14 to 20, not on holidays'],
    },
  ]),
  {
    country: 'GB',
    channels: PHONE,
    week: weekOf('09:00-20:00'),
    sources: ['support.ometria.com: SMS country-specific marketing compliance'],
  },
  {
    country: 'CA',
    channels: PHONE,
    week: weekOf('09:00-20:00', '10:00-18:00'),
    sources: [
      'CRTC, Unsolicited Telecommunications Rules: 9:00 to 21:30, on weekends 10:00 to 18:00',
      `${VERO}: until 20:00`,
    ],
  },
  { country: 'MX', channels: PHONE, week: weekOf('08:00-20:00'), sources: [VERO] },
  { country: 'BR', channels: PHONE, week: weekOf('08:00-21:00'), sources: [VERO] },
  { country: 'KZ', channels: PHONE, week: weekOf('09:00-22:00'), sources: [VERO] },
  {
    country: 'IN',
    channels: PHONE,
    week: weekOf('10:00-21:00'),
    sources: ['docs.contlo.com: SMS regulation in India (TRAI)', 'factoreal.com: from 9:00'],
  },
  {
    country: 'AE',
    channels: PHONE,
    week: weekOf('07:00-21:00'),
    sources: ['twilio.com/en/guidelines/ae/sms', 'unifonic.com: UAE SMS compliance (TDRA)'],
  },
  { country: 'JO', channels: PHONE, week: weekOf('07:00-21:00'), sources: ['ameinfo.com: instructions of the TRC'] },
  {
    country: 'VN',
    channels: PHONE,
    week: weekOf('07:00-21:00'),
    sources: ['decree 77/2012/ND-CP, as reported by trendnex.com (21:00 and 22:00)'],
  },
  {
    country: 'IL',
    channels: PHONE,
    week: weekOf('07:00-21:00'),
    sources: ['docs.mapp.com: Israel (practice, no law)'],
  },
  {
    country: 'ZA',
    channels: ALL,
    week: weekOf('08:00-20:00', '09:00-13:00', null),
    closed: 'ZA',
    sources: ['Consumer Protection Act 68 of 2008, s. 12; regulations R293, reg. 2 (acts.co.za)'],
  },
  {
    country: 'AU',
    channels: ['voice'],
    week: weekOf('09:00-20:00', '09:00-17:00', null),
    closed: 'AU',
    sources: ['packleader.net.au: calling times', 'commerce.wa.gov.au: times allowed to contact consumers'],
  },
  {
    country: 'AU',
    channels: TEXT,
    week: weekOf('08:00-20:00'),
    sources: [`${VERO} (for countries without a rule of their own)`],
  },
  {
    country: 'US',
    channels: PHONE,
    week: weekOf('08:00-21:00'),
    sources: ['47 CFR 64.1200(c)(1)', 'twilio.com/docs/api/errors/30610'],
  },
  ...states(
    ['AL', weekOf('08:00-20:00', '08:00-20:00', null), [DROP_COWBOY, CLICKPOINT, DNC_DATES], 'US-AL'],
    ['CT', weekOf('09:00-20:00'), [DROP_COWBOY, REFERRIZER]],
    ['FL', weekOf('08:00-20:00'), ['Fla. Stat. § 501.616(6)', DROP_COWBOY]],
    ['IL', weekOf('09:00-21:00'), [CLICKPOINT]],
    ['KY', weekOf('10:00-21:00'), [DROP_COWBOY, CLICKPOINT]],
    ['LA', weekOf('08:00-20:00', '08:00-20:00', null), [DROP_COWBOY, CLICKPOINT, DNC_DATES], 'US-LA'],
    ['MA', weekOf('08:00-20:00'), [DROP_COWBOY, CLICKPOINT]],
    ['MD', weekOf('08:00-20:00'), [DROP_COWBOY, REFERRIZER]],
    ['MI', weekOf('09:00-21:00'), [DROP_COWBOY, CLICKPOINT]],
    ['MN', weekOf('09:00-21:00'), [DROP_COWBOY]],
    ['MS', weekOf('08:00-20:00', '08:00-20:00', null), [DROP_COWBOY, DNC_DATES], 'US-MS'],
    ['NJ', weekOf('08:00-20:00'), [REFERRIZER]],
    ['NM', weekOf('09:00-21:00'), [DROP_COWBOY]],
    ['NV', weekOf('09:00-20:00'), [DROP_COWBOY]],
    ['OK', weekOf('08:00-20:00'), [DROP_COWBOY, REFERRIZER]],
    ['PA', weekOf('08:00-21:00', '08:00-12:00', null), [DROP_COWBOY, `${CALL_DESK}: no Sundays`], 'US'],
    [
      'RI',
      weekOf('09:00-18:00', '10:00-17:00'),
      ['R.I. Gen. Laws § 5-61-3.6 (mobile numbers too)', REFERRIZER, DNC_DATES],
      'US-RI',
    ],
    ['TX', weekOf('09:00-21:00', '09:00-21:00', '12:00-21:00'), ['Texas SB 140 (2025)', REFERRIZER]],
    ['UT', weekOf('08:00-21:00'), [`${DNC_DATES}: holidays`], 'US-UT'],
    ['WA', weekOf('08:00-20:00'), [CALL_DESK]],
    ['WY', weekOf('08:00-20:00'), [CALL_DESK]],
  ),
  {
    country: 'US',
    region: 'ME',
    channels: ['voice'],
    week: weekOf('09:00-17:00', null),
    sources: [`${CALL_DESK}: automated calls`],
  },
];

function states(...rows: [region: string, week: Week, sources: readonly string[], closed?: Calendar][]): LegalWindow[] {
  return rows.map(([region, week, sources, closed]) => ({
    country: 'US',
    region,
    channels: PHONE,
    week,
    sources,
    ...(closed && { closed }),
  }));
}

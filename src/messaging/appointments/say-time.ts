import { languagesOf } from '../consent/keywords/country-languages.ts';
import type { AppointmentRow } from './appointment.ts';

/** A time as people of the place and the language write it. */
export function sayTime(at: number, timeZone: string, locale: string): { date: string; time: string } {
  return {
    date: format(locale, { weekday: 'long', day: 'numeric', month: 'long', timeZone }).format(at),
    time: format(locale, { timeStyle: 'short', timeZone }).format(at),
  };
}

/** In which the person is written to. */
export function localeOf({ locale, country }: Pick<AppointmentRow, 'locale' | 'country'>): string {
  if (locale !== null) return locale;
  const [language = 'en'] = languagesOf(country);
  return country === null ? language : `${language}-${country}`;
}

const MAX_FORMATS = 500;
const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  // Apps name the locales: not all of them are ones.
  const [supported = 'en'] = Intl.DateTimeFormat.supportedLocalesOf([locale]);
  const made = new Intl.DateTimeFormat(supported, options);
  if (formats.size >= MAX_FORMATS) formats.clear();
  formats.set(key, made);
  return made;
}

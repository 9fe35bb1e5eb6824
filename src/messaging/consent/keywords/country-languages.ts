/** Languages of a country, the most spoken first: in which somebody is answered who wrote a word of many languages. */
const COUNTRIES: Readonly<Record<string, string>> = {
  fr: 'FR GP GF MQ RE YT PM MC SN CI BJ BF ML NE TG GA CG CD',
  es: 'ES MX AR CO CL PE VE EC GT CU BO DO HN PY SV NI CR PA UY PR GQ',
  pt: 'PT BR AO MZ CV GW ST',
  it: 'IT SM VA',
  de: 'DE AT LI',
  nl: 'NL SR',
  ca: 'AD',
  sv: 'SE',
  da: 'DK GL FO',
  nb: 'NO',
  fi: 'FI',
  is: 'IS',
  pl: 'PL',
  cs: 'CZ',
  sk: 'SK',
  hu: 'HU',
  ro: 'RO MD',
  bg: 'BG',
  el: 'GR CY',
  tr: 'TR',
  ru: 'RU BY KG',
  uk: 'UA',
  sr: 'RS ME',
  hr: 'HR BA',
  sl: 'SI',
  et: 'EE',
  lv: 'LV',
  lt: 'LT',
  ar: 'SA AE EG MA DZ TN LY JO LB SY IQ KW QA BH OM YE SD MR PS',
  fa: 'IR AF',
  ur: 'PK',
  he: 'IL',
  bn: 'BD',
  th: 'TH',
  vi: 'VN',
  id: 'ID',
  ms: 'MY BN',
  sw: 'TZ KE',
  zh: 'CN TW HK MO',
  ja: 'JP',
  ko: 'KR KP',
};

const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  BE: ['nl', 'fr', 'de'],
  CH: ['de', 'fr', 'it'],
  LU: ['fr', 'de'],
  CA: ['en', 'fr'],
  IN: ['en', 'hi', 'bn'],
  PH: ['en', 'fil'],
  SG: ['en', 'zh', 'ms'],
  ES: ['es', 'ca'],
  FI: ['fi', 'sv'],
  CM: ['fr', 'en'],
};

const byCountry = new Map(
  Object.entries(COUNTRIES).flatMap(([language, codes]) => codes.split(' ').map((code) => [code, [language]] as const)),
);

export function languagesOf(country: string | null): readonly string[] {
  return country === null ? ['en'] : (SEVERAL[country] ?? byCountry.get(country) ?? ['en']);
}

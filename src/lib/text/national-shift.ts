import { createSeptetTable, type Extension, type SeptetTable } from './septet-table.ts';

/** The languages whose tables are known here. There is no Spanish locking shift table. */
export type NationalLanguage = 'turkish' | 'spanish' | 'portuguese';

/** The national tables a text is written in; each is announced in the user data header. */
export interface NationalShift {
  /** Replaces the default alphabet. */
  locking?: Exclude<NationalLanguage, 'spanish'>;
  /** Replaces its extension. */
  single?: NationalLanguage;
}

/** National language identifiers, 3GPP TS 23.038 §6.2.1.2.4. */
export const LANGUAGE_IDS = { turkish: 1, spanish: 2, portuguese: 3 } as const satisfies Record<
  NationalLanguage,
  number
>;

// Rows of 16 in table order, so that the index is the septet; U+001B marks the escape.

/** 3GPP TS 23.038 §6.2.1 */
const DEFAULT = [
  '@£$¥èéùìòÇ\nØø\rÅå',
  'Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ',
  ' !"#¤%&\'()*+,-./',
  '0123456789:;<=>?',
  '¡ABCDEFGHIJKLMNO',
  'PQRSTUVWXYZÄÖÑÜ§',
  '¿abcdefghijklmno',
  'pqrstuvwxyzäöñüà',
].join('');

/** Annex A.3 */
const LOCKING: Record<NonNullable<NationalShift['locking']>, string> = {
  turkish: [
    '@£$¥€éùıòÇ\nĞğ\rÅå',
    'Δ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ',
    ' !"#¤%&\'()*+,-./',
    '0123456789:;<=>?',
    'İABCDEFGHIJKLMNO',
    'PQRSTUVWXYZÄÖÑÜ§',
    'çabcdefghijklmno',
    'pqrstuvwxyzäöñüà',
  ].join(''),
  portuguese: [
    '@£$¥êéúíóç\nÔô\rÁá',
    'Δ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ',
    ' !"#º%&\'()*+,-./',
    '0123456789:;<=>?',
    'ÍABCDEFGHIJKLMNO',
    'PQRSTUVWXYZÃÕÚÜ§',
    '~abcdefghijklmno',
    'pqrstuvwxyzãõ`üà',
  ].join(''),
};

/** 3GPP TS 23.038 §6.2.1.1 */
const EXTENSION: Extension = {
  10: '\f',
  20: '^',
  40: '{',
  41: '}',
  47: '\\',
  60: '[',
  61: '~',
  62: ']',
  64: '|',
  101: '€',
};

/** Annex A.2: each holds the default extension too. */
const SINGLE: Record<NationalLanguage, Extension> = {
  turkish: { ...EXTENSION, 71: 'Ğ', 73: 'İ', 83: 'Ş', 99: 'ç', 103: 'ğ', 105: 'ı', 115: 'ş' },
  spanish: {
    ...EXTENSION,
    ...{ 9: 'ç', 65: 'Á', 73: 'Í', 79: 'Ó', 85: 'Ú', 97: 'á', 105: 'í', 111: 'ó', 117: 'ú' },
  },
  portuguese: {
    ...EXTENSION,
    ...{ 5: 'ê', 9: 'ç', 11: 'Ô', 12: 'ô', 14: 'Á', 15: 'á', 18: 'Φ', 19: 'Γ', 21: 'Ω' },
    ...{ 22: 'Π', 23: 'Ψ', 24: 'Σ', 25: 'Θ', 31: 'Ê', 65: 'À', 73: 'Í', 79: 'Ó', 85: 'Ú' },
    ...{ 91: 'Ã', 92: 'Õ', 97: 'Â', 105: 'í', 111: 'ó', 117: 'ú', 123: 'ã', 124: 'õ', 127: 'â' },
  },
};

const tables = new Map<string, SeptetTable>();

/** Made when first asked for. */
export function septetTableOf(shift: NationalShift = {}): SeptetTable {
  const { locking, single } = shift;
  const key = `${locking} ${single}`;
  const known = tables.get(key);
  if (known) return known;
  const table = createSeptetTable(locking ? LOCKING[locking] : DEFAULT, single ? SINGLE[single] : EXTENSION);
  tables.set(key, table);
  return table;
}

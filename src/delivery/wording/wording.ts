/** A text for each plural category (CLDR) that the language has. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/**
 * What a code message says in one language. Texts are data: `{name}` marks a value, nothing else is interpreted.
 * Where a language allows it the texts for SMS stay inside the GSM alphabet (es "clave" rather than "código"): outside
 * it a message has room for 70 characters instead of 160.
 */
export interface Wording {
  /** Right to left. */
  rtl?: true;
  /** Between sentences; default a space. */
  space?: string;
  /** Between spoken digits, heard as a pause; default a comma. */
  pause?: string;

  /** SMS and the like. `{brand}` and `{code}`. */
  code: string;
  /** Names what the code does, unlike `code`: a transaction must not be mistaken for a login. */
  confirm: string;
  /** `{amount}` with its currency. */
  amount: string;
  /** `{payee}` */
  payee: string;
  /** `{minutes}` */
  expires: Plural;
  secret: string;

  /** Calls. `{digits}` are the code's, with pauses. */
  hello: string;
  spokenCode: string;
  spokenConfirm: string;
  again: string;
  goodbye: string;
  /** `{key}`: a key of the telephone. */
  pressToHear: string;
  /** The same of a message that is no code. */
  pressForMessage: string;
  /** For who wants no more of them. */
  pressToStop: string;

  /** E-mail. `{brand}`; never the code: subjects are shown on locked screens and written into logs. */
  subject: string;
  confirmSubject: string;
  greeting: string;
  /** Stands before the code, which has a line of its own. */
  intro: string;
  confirmIntro: string;
  /** For whoever did not ask for a code. */
  unasked: string;
}

import type { Wording } from '../wording.ts';

export const sk: Wording = {
  code: 'Kód pre {brand}: {code}.',
  confirm: 'Na potvrdenie v {brand} zadajte kód {code}.',
  amount: 'Suma: {amount}',
  payee: 'Príjemca: {payee}',
  expires: { one: 'Platí {minutes} minútu.', few: 'Platí {minutes} minúty.', other: 'Platí {minutes} minút.' },
  secret: 'Nikomu ho nehovorte.',
  hello: 'Dobrý deň.',
  spokenCode: 'Váš kód pre {brand} je: {digits}.',
  spokenConfirm: 'Na potvrdenie v {brand} zadajte: {digits}.',
  again: 'Opakujem: {digits}.',
  goodbye: 'Dovidenia.',
  pressToHear: 'Ak si chcete vypočuť kód, stlačte {key}.',
  pressForMessage: 'Ak si chcete vypočuť správu, stlačte {key}.',
  pressToStop: 'Ak si takéto hovory už neželáte, stlačte {key}.',
  subject: 'Váš kód pre {brand}',
  confirmSubject: 'Váš potvrdzovací kód pre {brand}',
  greeting: 'Dobrý deň,',
  intro: 'Váš kód pre {brand} je:',
  confirmIntro: 'Na potvrdenie v {brand} zadajte tento kód:',
  unasked: 'Ak ste o tento kód nežiadali, správu ignorujte a kód nikomu nehovorte.',
};

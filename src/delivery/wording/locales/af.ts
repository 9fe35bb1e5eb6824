import type { Wording } from '../wording.ts';

export const af: Wording = {
  code: 'Jou {brand}-kode is {code}.',
  confirm: 'Om dit in {brand} te bevestig, voer kode {code} in.',
  amount: 'Bedrag: {amount}',
  payee: 'Aan: {payee}',
  expires: { one: 'Dit verval oor {minutes} minuut.', other: 'Dit verval oor {minutes} minute.' },
  secret: 'Moenie dit met iemand deel nie.',
  hello: 'Hallo.',
  spokenCode: 'Jou {brand}-kode is: {digits}.',
  spokenConfirm: 'Om dit in {brand} te bevestig, voer in: {digits}.',
  again: 'Ek herhaal: {digits}.',
  goodbye: 'Totsiens.',
  pressToHear: 'Om jou kode te hoor, druk {key}.',
  pressForMessage: 'Om die boodskap te hoor, druk {key}.',
  pressToStop: 'As u nie meer sulke oproepe wil ontvang nie, druk {key}.',
  subject: 'Jou {brand}-kode',
  confirmSubject: 'Jou {brand}-bevestigingskode',
  greeting: 'Hallo,',
  intro: 'Jou {brand}-kode is:',
  confirmIntro: 'Om dit in {brand} te bevestig, voer hierdie kode in:',
  unasked: 'As jy nie hierdie kode aangevra het nie, ignoreer hierdie e-pos en gee die kode vir niemand nie.',
};

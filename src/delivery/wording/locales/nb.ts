import type { Wording } from '../wording.ts';

export const nb: Wording = {
  code: 'Koden din for {brand} er {code}.',
  confirm: 'Skriv inn koden {code} for å bekrefte i {brand}.',
  amount: 'Beløp: {amount}',
  payee: 'Til: {payee}',
  expires: { one: 'Den utløper om {minutes} minutt.', other: 'Den utløper om {minutes} minutter.' },
  secret: 'Ikke del den med noen.',
  hello: 'Hei.',
  spokenCode: 'Koden din for {brand} er: {digits}.',
  spokenConfirm: 'For å bekrefte i {brand}, skriv inn: {digits}.',
  again: 'Jeg gjentar: {digits}.',
  goodbye: 'Ha det bra.',
  pressToHear: 'Trykk {key} for å høre koden din.',
  pressForMessage: 'Trykk {key} for å høre meldingen.',
  pressToStop: 'Trykk {key} hvis du ikke vil ha flere slike anrop.',
  subject: 'Koden din for {brand}',
  confirmSubject: 'Bekreftelseskoden din for {brand}',
  greeting: 'Hei!',
  intro: 'Koden din for {brand} er:',
  confirmIntro: 'Skriv inn denne koden for å bekrefte i {brand}:',
  unasked: 'Hvis du ikke har bedt om koden, kan du se bort fra denne e-posten. Ikke gi koden til noen.',
};

import type { Wording } from '../wording.ts';

export const sv: Wording = {
  code: 'Din kod för {brand} är {code}.',
  confirm: 'Ange koden {code} för att bekräfta i {brand}.',
  amount: 'Belopp: {amount}',
  payee: 'Till: {payee}',
  expires: { one: 'Den gäller i {minutes} minut.', other: 'Den gäller i {minutes} minuter.' },
  secret: 'Dela den inte med någon.',
  hello: 'Hej.',
  spokenCode: 'Din kod för {brand} är: {digits}.',
  spokenConfirm: 'För att bekräfta i {brand}, ange: {digits}.',
  again: 'Jag upprepar: {digits}.',
  goodbye: 'Hej då.',
  pressToHear: 'Tryck {key} för att höra din kod.',
  pressForMessage: 'Tryck {key} för att höra meddelandet.',
  pressToStop: 'Tryck {key} om du inte vill ha fler sådana samtal.',
  subject: 'Din kod för {brand}',
  confirmSubject: 'Din bekräftelsekod för {brand}',
  greeting: 'Hej!',
  intro: 'Din kod för {brand} är:',
  confirmIntro: 'Ange den här koden för att bekräfta i {brand}:',
  unasked: 'Om du inte har begärt koden kan du bortse från det här mejlet. Ge inte koden till någon.',
};

import type { Wording } from '../wording.ts';

export const cs: Wording = {
  code: 'Kód pro {brand}: {code}.',
  confirm: 'Pro potvrzení v {brand} zadejte kód {code}.',
  amount: 'Částka: {amount}',
  payee: 'Příjemce: {payee}',
  expires: { one: 'Platí {minutes} minutu.', few: 'Platí {minutes} minuty.', other: 'Platí {minutes} minut.' },
  secret: 'Nikomu ho nesdělujte.',
  hello: 'Dobrý den.',
  spokenCode: 'Váš kód pro {brand} je: {digits}.',
  spokenConfirm: 'Pro potvrzení v {brand} zadejte: {digits}.',
  again: 'Opakuji: {digits}.',
  goodbye: 'Na shledanou.',
  pressToHear: 'Pro poslech kódu stiskněte {key}.',
  pressForMessage: 'Pro poslech zprávy stiskněte {key}.',
  pressToStop: 'Pokud si takové hovory již nepřejete, stiskněte {key}.',
  subject: 'Váš kód pro {brand}',
  confirmSubject: 'Váš potvrzovací kód pro {brand}',
  greeting: 'Dobrý den,',
  intro: 'Váš kód pro {brand} je:',
  confirmIntro: 'Pro potvrzení v {brand} zadejte tento kód:',
  unasked: 'Pokud jste o tento kód nežádali, zprávu ignorujte a kód nikomu nesdělujte.',
};

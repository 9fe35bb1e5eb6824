import type { Wording } from '../wording.ts';

export const da: Wording = {
  code: 'Din kode til {brand} er {code}.',
  confirm: 'Indtast koden {code} for at bekræfte i {brand}.',
  amount: 'Beløb: {amount}',
  payee: 'Til: {payee}',
  expires: { one: 'Den udløber om {minutes} minut.', other: 'Den udløber om {minutes} minutter.' },
  secret: 'Del den ikke med andre.',
  hello: 'Hej.',
  spokenCode: 'Din kode til {brand} er: {digits}.',
  spokenConfirm: 'For at bekræfte i {brand} skal du indtaste: {digits}.',
  again: 'Jeg gentager: {digits}.',
  goodbye: 'Farvel.',
  pressToHear: 'Tryk {key} for at høre din kode.',
  pressForMessage: 'Tryk {key} for at høre beskeden.',
  pressToStop: 'Tryk {key}, hvis du ikke vil have flere af disse opkald.',
  subject: 'Din kode til {brand}',
  confirmSubject: 'Din bekræftelseskode til {brand}',
  greeting: 'Hej!',
  intro: 'Din kode til {brand} er:',
  confirmIntro: 'Indtast denne kode for at bekræfte i {brand}:',
  unasked: 'Hvis du ikke har bedt om koden, kan du se bort fra denne e-mail. Giv ikke koden til nogen.',
};

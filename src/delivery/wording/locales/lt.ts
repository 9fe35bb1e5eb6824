import type { Wording } from '../wording.ts';

export const lt: Wording = {
  code: '{brand} kodas: {code}.',
  confirm: 'Patvirtinimo kodas {brand}: {code}.',
  amount: 'Suma: {amount}',
  payee: 'Kam: {payee}',
  expires: { other: 'Galioja {minutes} min.' },
  secret: 'Niekam jo nesakykite.',
  hello: 'Sveiki.',
  spokenCode: 'Jūsų {brand} kodas: {digits}.',
  spokenConfirm: 'Norėdami patvirtinti {brand}, įveskite: {digits}.',
  again: 'Kartoju: {digits}.',
  goodbye: 'Viso gero.',
  pressToHear: 'Norėdami išgirsti kodą, spauskite {key}.',
  pressForMessage: 'Norėdami išgirsti žinutę, spauskite {key}.',
  pressToStop: 'Jei tokių skambučių nebenorite, spauskite {key}.',
  subject: 'Jūsų {brand} kodas',
  confirmSubject: 'Jūsų {brand} patvirtinimo kodas',
  greeting: 'Sveiki,',
  intro: 'Jūsų {brand} kodas:',
  confirmIntro: 'Norėdami patvirtinti {brand}, įveskite šį kodą:',
  unasked: 'Jei šio kodo neprašėte, nekreipkite dėmesio į šį laišką ir niekam kodo nesakykite.',
};

import type { Wording } from '../wording.ts';

export const hr: Wording = {
  code: 'Kod za {brand}: {code}.',
  confirm: 'Za potvrdu u {brand} unesite kod {code}.',
  amount: 'Iznos: {amount}',
  payee: 'Primatelj: {payee}',
  expires: { one: 'Vrijedi {minutes} minutu.', few: 'Vrijedi {minutes} minute.', other: 'Vrijedi {minutes} minuta.' },
  secret: 'Nemojte ga dijeliti.',
  hello: 'Dobar dan.',
  spokenCode: 'Vaš kod za {brand} je: {digits}.',
  spokenConfirm: 'Za potvrdu u {brand} unesite: {digits}.',
  again: 'Ponavljam: {digits}.',
  goodbye: 'Doviđenja.',
  pressToHear: 'Za slušanje koda pritisnite {key}.',
  pressForMessage: 'Za slušanje poruke pritisnite {key}.',
  pressToStop: 'Ako više ne želite ovakve pozive, pritisnite {key}.',
  subject: 'Vaš kod za {brand}',
  confirmSubject: 'Vaš kod za potvrdu u {brand}',
  greeting: 'Poštovani,',
  intro: 'Vaš kod za {brand} je:',
  confirmIntro: 'Za potvrdu u {brand} unesite ovaj kod:',
  unasked: 'Ako niste zatražili ovaj kod, zanemarite ovu poruku i nikome ne dajte kod.',
};

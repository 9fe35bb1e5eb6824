import type { Wording } from '../wording.ts';

export const srLatn: Wording = {
  code: 'Kod za {brand}: {code}.',
  confirm: 'Za potvrdu u {brand} unesite kod {code}.',
  amount: 'Iznos: {amount}',
  payee: 'Primalac: {payee}',
  expires: { one: 'Važi {minutes} minut.', few: 'Važi {minutes} minuta.', other: 'Važi {minutes} minuta.' },
  secret: 'Ne delite ga.',
  hello: 'Dobar dan.',
  spokenCode: 'Vaš kod za {brand} je: {digits}.',
  spokenConfirm: 'Za potvrdu u {brand} unesite: {digits}.',
  again: 'Ponavljam: {digits}.',
  goodbye: 'Doviđenja.',
  pressToHear: 'Da biste čuli kod, pritisnite {key}.',
  pressForMessage: 'Da biste čuli poruku, pritisnite {key}.',
  pressToStop: 'Ako više ne želite ovakve pozive, pritisnite {key}.',
  subject: 'Vaš kod za {brand}',
  confirmSubject: 'Vaš kod za potvrdu u {brand}',
  greeting: 'Poštovani,',
  intro: 'Vaš kod za {brand} je:',
  confirmIntro: 'Za potvrdu u {brand} unesite ovaj kod:',
  unasked: 'Ako niste tražili ovaj kod, zanemarite ovu poruku i nikome ne dajte kod.',
};

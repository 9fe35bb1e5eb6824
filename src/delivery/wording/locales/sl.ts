import type { Wording } from '../wording.ts';

export const sl: Wording = {
  code: 'Koda za {brand}: {code}.',
  confirm: 'Za potrditev v {brand} vnesite kodo {code}.',
  amount: 'Znesek: {amount}',
  payee: 'Prejemnik: {payee}',
  expires: {
    one: 'Velja {minutes} minuto.',
    two: 'Velja {minutes} minuti.',
    few: 'Velja {minutes} minute.',
    other: 'Velja {minutes} minut.',
  },
  secret: 'Ne delite je z nikomer.',
  hello: 'Pozdravljeni.',
  spokenCode: 'Vaša koda za {brand} je: {digits}.',
  spokenConfirm: 'Za potrditev v {brand} vnesite: {digits}.',
  again: 'Ponavljam: {digits}.',
  goodbye: 'Nasvidenje.',
  pressToHear: 'Za poslušanje kode pritisnite {key}.',
  pressForMessage: 'Za poslušanje sporočila pritisnite {key}.',
  pressToStop: 'Če takih klicev ne želite več, pritisnite {key}.',
  subject: 'Vaša koda za {brand}',
  confirmSubject: 'Vaša potrditvena koda za {brand}',
  greeting: 'Pozdravljeni,',
  intro: 'Vaša koda za {brand} je:',
  confirmIntro: 'Za potrditev v {brand} vnesite to kodo:',
  unasked: 'Če te kode niste zahtevali, prezrite to sporočilo in kode nikomur ne povejte.',
};

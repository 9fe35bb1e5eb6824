import type { Wording } from '../wording.ts';

export const lv: Wording = {
  code: 'Jūsu {brand} kods: {code}.',
  confirm: 'Lai apstiprinātu {brand}, ievadiet kodu {code}.',
  amount: 'Summa: {amount}',
  payee: 'Saņēmējs: {payee}',
  expires: { zero: 'Derīgs {minutes} minūtes.', one: 'Derīgs {minutes} minūti.', other: 'Derīgs {minutes} minūtes.' },
  secret: 'Neizpaudiet to.',
  hello: 'Labdien.',
  spokenCode: 'Jūsu {brand} kods ir: {digits}.',
  spokenConfirm: 'Lai apstiprinātu {brand}, ievadiet: {digits}.',
  again: 'Atkārtoju: {digits}.',
  goodbye: 'Visu labu.',
  pressToHear: 'Lai noklausītos kodu, nospiediet {key}.',
  pressForMessage: 'Lai noklausītos ziņu, nospiediet {key}.',
  pressToStop: 'Ja šādus zvanus vairs nevēlaties, nospiediet {key}.',
  subject: 'Jūsu {brand} kods',
  confirmSubject: 'Jūsu {brand} apstiprinājuma kods',
  greeting: 'Labdien!',
  intro: 'Jūsu {brand} kods ir:',
  confirmIntro: 'Lai apstiprinātu {brand}, ievadiet šo kodu:',
  unasked: 'Ja neesat pieprasījis šo kodu, neņemiet vērā šo e-pastu un nevienam neizpaudiet kodu.',
};

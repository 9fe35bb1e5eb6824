import type { Wording } from '../wording.ts';

export const hu: Wording = {
  code: 'Az Ön {brand} kódja: {code}.',
  confirm: '{brand} megerősítő kód: {code}.',
  amount: 'Összeg: {amount}',
  payee: 'Kedvezményezett: {payee}',
  expires: { one: '{minutes} percig érvényes.', other: '{minutes} percig érvényes.' },
  secret: 'Ne ossza meg.',
  hello: 'Üdvözöljük.',
  spokenCode: 'Az Ön {brand} kódja: {digits}.',
  spokenConfirm: 'Az Ön {brand} megerősítő kódja: {digits}.',
  again: 'Ismétlem: {digits}.',
  goodbye: 'Viszonthallásra.',
  pressToHear: 'A kód meghallgatásához nyomja meg ezt a gombot: {key}.',
  pressForMessage: 'Az üzenet meghallgatásához nyomja meg ezt a gombot: {key}.',
  pressToStop: 'Ha nem kér több ilyen hívást, nyomja meg ezt a gombot: {key}.',
  subject: 'Az Ön {brand} kódja',
  confirmSubject: 'Az Ön {brand} megerősítő kódja',
  greeting: 'Üdvözöljük!',
  intro: 'Az Ön {brand} kódja:',
  confirmIntro: 'A művelet megerősítéséhez szükséges {brand} kód:',
  unasked: 'Ha nem Ön kérte ezt a kódot, hagyja figyelmen kívül ezt az e-mailt, és a kódot ne adja meg senkinek.',
};

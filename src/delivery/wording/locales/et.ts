import type { Wording } from '../wording.ts';

export const et: Wording = {
  code: 'Teie {brand} kood on {code}.',
  confirm: 'Kinnitamiseks teenuses {brand} sisestage kood {code}.',
  amount: 'Summa: {amount}',
  payee: 'Saaja: {payee}',
  expires: { one: 'See kehtib {minutes} minuti.', other: 'See kehtib {minutes} minutit.' },
  secret: 'Ärge jagage seda kellegagi.',
  hello: 'Tere.',
  spokenCode: 'Teie {brand} kood on: {digits}.',
  spokenConfirm: 'Kinnitamiseks teenuses {brand} sisestage: {digits}.',
  again: 'Kordan: {digits}.',
  goodbye: 'Head aega.',
  pressToHear: 'Koodi kuulamiseks vajutage {key}.',
  pressForMessage: 'Sõnumi kuulamiseks vajutage {key}.',
  pressToStop: 'Kui te enam selliseid kõnesid ei soovi, vajutage {key}.',
  subject: 'Teie {brand} kood',
  confirmSubject: 'Teie {brand} kinnituskood',
  greeting: 'Tere!',
  intro: 'Teie {brand} kood on:',
  confirmIntro: 'Kinnitamiseks teenuses {brand} sisestage see kood:',
  unasked: 'Kui te seda koodi ei küsinud, ärge pöörake sellele kirjale tähelepanu ja ärge andke koodi kellelegi.',
};

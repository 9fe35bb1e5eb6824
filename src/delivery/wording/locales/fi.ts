import type { Wording } from '../wording.ts';

export const fi: Wording = {
  code: '{brand}-koodisi on {code}.',
  confirm: 'Vahvista palvelussa {brand} koodilla {code}.',
  amount: 'Summa: {amount}',
  payee: 'Saaja: {payee}',
  expires: { one: 'Se vanhenee {minutes} minuutin kuluttua.', other: 'Se vanhenee {minutes} minuutin kuluttua.' },
  secret: 'Älä kerro sitä kenellekään.',
  hello: 'Hei.',
  spokenCode: '{brand}-koodisi on: {digits}.',
  spokenConfirm: 'Vahvista palvelussa {brand} antamalla: {digits}.',
  again: 'Toistan: {digits}.',
  goodbye: 'Kuulemiin.',
  pressToHear: 'Paina {key}, niin kuulet koodisi.',
  pressForMessage: 'Paina {key}, niin kuulet viestin.',
  pressToStop: 'Jos et halua enää tällaisia puheluita, paina {key}.',
  subject: '{brand}-koodisi',
  confirmSubject: '{brand}-vahvistuskoodisi',
  greeting: 'Hei,',
  intro: '{brand}-koodisi on:',
  confirmIntro: 'Vahvista palvelussa {brand} tällä koodilla:',
  unasked: 'Jos et pyytänyt tätä koodia, voit jättää viestin huomiotta. Älä anna koodia kenellekään.',
};

import type { Wording } from '../wording.ts';

export const kk: Wording = {
  code: '{brand} кодыңыз: {code}.',
  confirm: '{brand} растау коды: {code}.',
  amount: 'Сома: {amount}',
  payee: 'Алушы: {payee}',
  expires: { one: '{minutes} минут жарамды.', other: '{minutes} минут жарамды.' },
  secret: 'Ешкімге айтпаңыз.',
  hello: 'Сәлеметсіз бе.',
  spokenCode: '{brand} кодыңыз: {digits}.',
  spokenConfirm: '{brand} растау коды: {digits}.',
  again: 'Қайталаймын: {digits}.',
  goodbye: 'Сау болыңыз.',
  pressToHear: 'Кодты тыңдау үшін {key} басыңыз.',
  pressForMessage: 'Хабарламаны тыңдау үшін {key} басыңыз.',
  pressToStop: 'Мұндай қоңырауларды тоқтату үшін {key} басыңыз.',
  subject: '{brand} кодыңыз',
  confirmSubject: '{brand} растау коды',
  greeting: 'Сәлеметсіз бе!',
  intro: '{brand} кодыңыз:',
  confirmIntro: '{brand} қызметінде растау үшін осы кодты енгізіңіз:',
  unasked: 'Бұл кодты сұрамаған болсаңыз, хатқа мән бермеңіз және кодты ешкімге айтпаңыз.',
};

import type { Wording } from '../wording.ts';

export const sr: Wording = {
  code: 'Код за {brand}: {code}.',
  confirm: 'За потврду у {brand} унесите код {code}.',
  amount: 'Износ: {amount}',
  payee: 'Прималац: {payee}',
  expires: { one: 'Важи {minutes} минут.', few: 'Важи {minutes} минута.', other: 'Важи {minutes} минута.' },
  secret: 'Не делите га.',
  hello: 'Добар дан.',
  spokenCode: 'Ваш код за {brand} је: {digits}.',
  spokenConfirm: 'За потврду у {brand} унесите: {digits}.',
  again: 'Понављам: {digits}.',
  goodbye: 'Довиђења.',
  pressToHear: 'Да бисте чули код, притисните {key}.',
  pressForMessage: 'Да бисте чули поруку, притисните {key}.',
  pressToStop: 'Ако више не желите овакве позиве, притисните {key}.',
  subject: 'Ваш код за {brand}',
  confirmSubject: 'Ваш код за потврду у {brand}',
  greeting: 'Поштовани,',
  intro: 'Ваш код за {brand} је:',
  confirmIntro: 'За потврду у {brand} унесите овај код:',
  unasked: 'Ако нисте тражили овај код, занемарите ову поруку и никоме не дајте код.',
};

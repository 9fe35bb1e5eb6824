import type { Wording } from '../wording.ts';

export const bg: Wording = {
  code: 'Код за {brand}: {code}.',
  confirm: 'За потвърждение в {brand} въведете код {code}.',
  amount: 'Сума: {amount}',
  payee: 'Получател: {payee}',
  expires: { one: 'Валиден е {minutes} минута.', other: 'Валиден е {minutes} минути.' },
  secret: 'Не го споделяйте.',
  hello: 'Здравейте.',
  spokenCode: 'Вашият код за {brand} е: {digits}.',
  spokenConfirm: 'За потвърждение в {brand} въведете: {digits}.',
  again: 'Повтарям: {digits}.',
  goodbye: 'Довиждане.',
  pressToHear: 'За да чуете кода, натиснете {key}.',
  pressForMessage: 'За да чуете съобщението, натиснете {key}.',
  pressToStop: 'Ако не желаете повече такива обаждания, натиснете {key}.',
  subject: 'Вашият код за {brand}',
  confirmSubject: 'Вашият код за потвърждение в {brand}',
  greeting: 'Здравейте,',
  intro: 'Вашият код за {brand} е:',
  confirmIntro: 'За потвърждение в {brand} въведете този код:',
  unasked: 'Ако не сте поискали този код, не обръщайте внимание на това писмо и не давайте кода на никого.',
};

import type { Wording } from '../wording.ts';

export const uk: Wording = {
  code: 'Код {brand}: {code}.',
  confirm: 'Щоб підтвердити в {brand}, введіть код {code}.',
  amount: 'Сума: {amount}',
  payee: 'Одержувач: {payee}',
  expires: {
    one: 'Дійсний {minutes} хвилину.',
    few: 'Дійсний {minutes} хвилини.',
    many: 'Дійсний {minutes} хвилин.',
    other: 'Дійсний {minutes} хвилини.',
  },
  secret: 'Нікому не повідомляйте.',
  hello: 'Добрий день.',
  spokenCode: 'Ваш код {brand}: {digits}.',
  spokenConfirm: 'Щоб підтвердити в {brand}, введіть: {digits}.',
  again: 'Повторюю: {digits}.',
  goodbye: 'До побачення.',
  pressToHear: 'Щоб почути код, натисніть {key}.',
  pressForMessage: 'Щоб почути повідомлення, натисніть {key}.',
  pressToStop: 'Щоб більше не отримувати таких дзвінків, натисніть {key}.',
  subject: 'Ваш код {brand}',
  confirmSubject: 'Ваш код підтвердження {brand}',
  greeting: 'Добрий день!',
  intro: 'Ваш код {brand}:',
  confirmIntro: 'Щоб підтвердити в {brand}, введіть цей код:',
  unasked: 'Якщо ви не запитували цей код, не зважайте на цей лист і нікому не повідомляйте код.',
};

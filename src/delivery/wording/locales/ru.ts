import type { Wording } from '../wording.ts';

export const ru: Wording = {
  code: 'Код {brand}: {code}.',
  confirm: 'Чтобы подтвердить в {brand}, введите код {code}.',
  amount: 'Сумма: {amount}',
  payee: 'Получатель: {payee}',
  expires: {
    one: 'Действует {minutes} минуту.',
    few: 'Действует {minutes} минуты.',
    many: 'Действует {minutes} минут.',
    other: 'Действует {minutes} минуты.',
  },
  secret: 'Никому его не сообщайте.',
  hello: 'Здравствуйте.',
  spokenCode: 'Ваш код {brand}: {digits}.',
  spokenConfirm: 'Чтобы подтвердить в {brand}, введите: {digits}.',
  again: 'Повторяю: {digits}.',
  goodbye: 'До свидания.',
  pressToHear: 'Чтобы услышать код, нажмите {key}.',
  pressForMessage: 'Чтобы услышать сообщение, нажмите {key}.',
  pressToStop: 'Чтобы больше не получать таких звонков, нажмите {key}.',
  subject: 'Ваш код {brand}',
  confirmSubject: 'Ваш код подтверждения {brand}',
  greeting: 'Здравствуйте!',
  intro: 'Ваш код {brand}:',
  confirmIntro: 'Чтобы подтвердить в {brand}, введите этот код:',
  unasked: 'Если вы не запрашивали этот код, не обращайте внимания на это письмо и никому не сообщайте код.',
};

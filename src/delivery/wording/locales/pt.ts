import type { Wording } from '../wording.ts';

export const pt: Wording = {
  code: 'Código {brand}: {code}.',
  confirm: 'Para confirmar em {brand}, introduza o código {code}.',
  amount: 'Montante: {amount}',
  payee: 'Para: {payee}',
  expires: { one: 'Expira em {minutes} minuto.', other: 'Expira em {minutes} minutos.' },
  secret: 'Não o partilhe.',
  hello: 'Olá.',
  spokenCode: 'O seu código {brand} é: {digits}.',
  spokenConfirm: 'Para confirmar em {brand}, introduza: {digits}.',
  again: 'Vou repetir: {digits}.',
  goodbye: 'Adeus.',
  pressToHear: 'Para ouvir o seu código, prima {key}.',
  pressForMessage: 'Para ouvir a mensagem, prima {key}.',
  pressToStop: 'Para não receber mais chamadas como esta, prima {key}.',
  subject: 'O seu código {brand}',
  confirmSubject: 'O seu código de confirmação {brand}',
  greeting: 'Olá,',
  intro: 'O seu código {brand} é:',
  confirmIntro: 'Para confirmar em {brand}, introduza este código:',
  unasked: 'Se não pediu este código, ignore este e-mail e não dê o código a ninguém.',
};

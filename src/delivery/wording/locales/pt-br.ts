import type { Wording } from '../wording.ts';

export const ptBR: Wording = {
  code: 'Seu código {brand}: {code}.',
  confirm: 'Para confirmar em {brand}, digite o código {code}.',
  amount: 'Valor: {amount}',
  payee: 'Para: {payee}',
  expires: { one: 'Expira em {minutes} minuto.', other: 'Expira em {minutes} minutos.' },
  secret: 'Não compartilhe.',
  hello: 'Olá.',
  spokenCode: 'Seu código {brand} é: {digits}.',
  spokenConfirm: 'Para confirmar em {brand}, digite: {digits}.',
  again: 'Repetindo: {digits}.',
  goodbye: 'Até logo.',
  pressToHear: 'Para ouvir seu código, tecle {key}.',
  pressForMessage: 'Para ouvir a mensagem, tecle {key}.',
  pressToStop: 'Para não receber mais ligações como esta, tecle {key}.',
  subject: 'Seu código {brand}',
  confirmSubject: 'Seu código de confirmação {brand}',
  greeting: 'Olá,',
  intro: 'Seu código {brand} é:',
  confirmIntro: 'Para confirmar em {brand}, digite este código:',
  unasked: 'Se você não pediu este código, ignore este e-mail e não passe o código a ninguém.',
};

import type { Wording } from '../wording.ts';

export const en: Wording = {
  code: 'Your {brand} code is {code}.',
  confirm: 'To confirm this in {brand}, enter code {code}.',
  amount: 'Amount: {amount}',
  payee: 'To: {payee}',
  expires: { one: 'It expires in {minutes} minute.', other: 'It expires in {minutes} minutes.' },
  secret: 'Do not share it.',
  hello: 'Hello.',
  spokenCode: 'Your {brand} code is: {digits}.',
  spokenConfirm: 'To confirm this in {brand}, enter: {digits}.',
  again: 'Once more: {digits}.',
  goodbye: 'Goodbye.',
  pressToHear: 'To hear your code, press {key}.',
  pressForMessage: 'To hear the message, press {key}.',
  pressToStop: 'To receive no more calls like this, press {key}.',
  subject: 'Your {brand} code',
  confirmSubject: 'Your {brand} confirmation code',
  greeting: 'Hello,',
  intro: 'Your {brand} code is:',
  confirmIntro: 'To confirm this in {brand}, enter this code:',
  unasked: 'If you did not ask for this code, ignore this e-mail and give the code to nobody.',
};

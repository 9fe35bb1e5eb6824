import type { Wording } from '../wording.ts';

export const zh: Wording = {
  space: '',
  pause: '、',
  code: '您的{brand}验证码是{code}。',
  confirm: '如确认此操作，请在{brand}中输入验证码{code}。',
  amount: '金额：{amount}',
  payee: '收款方：{payee}',
  expires: { other: '{minutes}分钟内有效。' },
  secret: '请勿告诉他人。',
  hello: '您好。',
  spokenCode: '您的{brand}验证码是：{digits}。',
  spokenConfirm: '如确认此操作，请在{brand}中输入：{digits}。',
  again: '重复一遍：{digits}。',
  goodbye: '再见。',
  pressToHear: '收听验证码请按{key}。',
  subject: '您的{brand}验证码',
  confirmSubject: '您的{brand}操作确认码',
  greeting: '您好：',
  intro: '您的{brand}验证码是：',
  confirmIntro: '如确认此操作，请在{brand}中输入以下验证码：',
  unasked: '如非本人操作，请忽略此邮件，切勿将验证码告诉他人。',
};

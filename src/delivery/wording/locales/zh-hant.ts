import type { Wording } from '../wording.ts';

export const zhHant: Wording = {
  space: '',
  pause: '、',
  code: '您的{brand}驗證碼是{code}。',
  confirm: '如確認此操作，請在{brand}中輸入驗證碼{code}。',
  amount: '金額：{amount}',
  payee: '收款方：{payee}',
  expires: { other: '{minutes}分鐘內有效。' },
  secret: '請勿告訴他人。',
  hello: '您好。',
  spokenCode: '您的{brand}驗證碼是：{digits}。',
  spokenConfirm: '如確認此操作，請在{brand}中輸入：{digits}。',
  again: '重複一遍：{digits}。',
  goodbye: '再見。',
  pressToHear: '收聽驗證碼請按{key}。',
  subject: '您的{brand}驗證碼',
  confirmSubject: '您的{brand}操作確認碼',
  greeting: '您好：',
  intro: '您的{brand}驗證碼是：',
  confirmIntro: '如確認此操作，請在{brand}中輸入以下驗證碼：',
  unasked: '如非本人操作，請忽略此郵件，切勿將驗證碼告訴他人。',
};

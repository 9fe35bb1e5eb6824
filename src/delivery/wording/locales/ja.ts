import type { Wording } from '../wording.ts';

export const ja: Wording = {
  space: '',
  pause: '、',
  code: '{brand}の認証コードは{code}です。',
  confirm: '{brand}で承認するにはコード{code}を入力してください。',
  amount: '金額：{amount}',
  payee: '支払先：{payee}',
  expires: { other: '有効期限は{minutes}分です。' },
  secret: '誰にも教えないでください。',
  hello: 'こんにちは。',
  spokenCode: '{brand}の認証コードは、{digits}、です。',
  spokenConfirm: '{brand}で承認するには、{digits}、を入力してください。',
  again: 'もう一度繰り返します。{digits}。',
  goodbye: '失礼いたします。',
  pressToHear: '認証コードを聞くには、{key}を押してください。',
  subject: '{brand}の認証コード',
  confirmSubject: '{brand}の承認コード',
  greeting: 'いつもご利用いただき、ありがとうございます。',
  intro: '{brand}の認証コード：',
  confirmIntro: '{brand}で承認するには、次のコードを入力してください：',
  unasked: 'お心当たりがない場合は、このメールを無視し、コードを誰にも教えないでください。',
};

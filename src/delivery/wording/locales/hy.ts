import type { Wording } from '../wording.ts';

export const hy: Wording = {
  code: 'Ձեր {brand} կոդը՝ {code}։',
  confirm: '{brand}-ում հաստատելու համար մուտքագրեք {code} կոդը։',
  amount: 'Գումարը՝ {amount}',
  payee: 'Ստացողը՝ {payee}',
  expires: { one: 'Գործում է {minutes} րոպե։', other: 'Գործում է {minutes} րոպե։' },
  secret: 'Ոչ ոքի մի հայտնեք։',
  hello: 'Բարև Ձեզ։',
  spokenCode: 'Ձեր {brand} կոդն է՝ {digits}։',
  spokenConfirm: '{brand}-ում հաստատելու համար մուտքագրեք՝ {digits}։',
  again: 'Կրկնում եմ՝ {digits}։',
  goodbye: 'Ցտեսություն։',
  pressToHear: 'Կոդը լսելու համար սեղմեք {key}։',
  pressForMessage: 'Հաղորդագրությունը լսելու համար սեղմեք {key}։',
  pressToStop: 'Նման զանգեր այլևս չստանալու համար սեղմեք {key}։',
  subject: 'Ձեր {brand} կոդը',
  confirmSubject: 'Ձեր {brand} հաստատման կոդը',
  greeting: 'Բարև Ձեզ,',
  intro: 'Ձեր {brand} կոդն է՝',
  confirmIntro: '{brand}-ում հաստատելու համար մուտքագրեք այս կոդը՝',
  unasked: 'Եթե Դուք չեք խնդրել այս կոդը, անտեսեք այս նամակը և կոդը ոչ ոքի մի տվեք։',
};

import type { Wording } from '../wording.ts';

export const fa: Wording = {
  rtl: true,
  pause: '، ',
  code: 'کد {brand} شما: {code}.',
  confirm: 'برای تأیید در {brand} کد {code} را وارد کنید.',
  amount: 'مبلغ: {amount}',
  payee: 'گیرنده: {payee}',
  expires: { one: 'تا {minutes} دقیقه معتبر است.', other: 'تا {minutes} دقیقه معتبر است.' },
  secret: 'آن را به کسی ندهید.',
  hello: 'سلام.',
  spokenCode: 'کد {brand} شما این است: {digits}.',
  spokenConfirm: 'برای تأیید در {brand} این کد را وارد کنید: {digits}.',
  again: 'تکرار می‌کنم: {digits}.',
  goodbye: 'خدانگهدار.',
  pressToHear: 'برای شنیدن کد، {key} را فشار دهید.',
  subject: 'کد {brand} شما',
  confirmSubject: 'کد تأیید شما در {brand}',
  greeting: 'سلام،',
  intro: 'کد {brand} شما این است:',
  confirmIntro: 'برای تأیید در {brand} این کد را وارد کنید:',
  unasked: 'اگر شما این کد را درخواست نکرده‌اید، این ایمیل را نادیده بگیرید و کد را به کسی ندهید.',
};

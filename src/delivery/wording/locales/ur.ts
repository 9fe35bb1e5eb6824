import type { Wording } from '../wording.ts';

export const ur: Wording = {
  rtl: true,
  pause: '، ',
  code: 'آپ کا {brand} کوڈ {code} ہے۔',
  confirm: 'تصدیق کے لیے {brand} میں کوڈ {code} درج کریں۔',
  amount: 'رقم: {amount}',
  payee: 'وصول کنندہ: {payee}',
  expires: { one: 'یہ {minutes} منٹ تک درست ہے۔', other: 'یہ {minutes} منٹ تک درست ہے۔' },
  secret: 'کسی کو نہ بتائیں۔',
  hello: 'السلام علیکم۔',
  spokenCode: 'آپ کا {brand} کوڈ ہے: {digits}۔',
  spokenConfirm: 'تصدیق کے لیے {brand} میں درج کریں: {digits}۔',
  again: 'دوبارہ: {digits}۔',
  goodbye: 'خدا حافظ۔',
  pressToHear: 'کوڈ سننے کے لیے {key} دبائیں۔',
  subject: 'آپ کا {brand} کوڈ',
  confirmSubject: 'تصدیقی کوڈ برائے {brand}',
  greeting: 'السلام علیکم،',
  intro: 'آپ کا {brand} کوڈ ہے:',
  confirmIntro: 'تصدیق کے لیے {brand} میں یہ کوڈ درج کریں:',
  unasked: 'اگر آپ نے یہ کوڈ نہیں مانگا تو اس ای میل کو نظر انداز کریں اور کوڈ کسی کو نہ دیں۔',
};

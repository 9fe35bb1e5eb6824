import type { Wording } from '../wording.ts';

export const he: Wording = {
  rtl: true,
  code: 'קוד {brand} שלך: {code}.',
  confirm: 'לאישור ב-{brand} יש להזין את הקוד {code}.',
  amount: 'סכום: {amount}',
  payee: 'לטובת: {payee}',
  expires: { one: 'הוא תקף לדקה אחת.', two: 'הוא תקף לשתי דקות.', other: 'הוא תקף ל-{minutes} דקות.' },
  secret: 'אין לשתף אותו.',
  hello: 'שלום.',
  spokenCode: 'קוד {brand} שלך הוא: {digits}.',
  spokenConfirm: 'לאישור ב-{brand} יש להזין: {digits}.',
  again: 'שוב: {digits}.',
  goodbye: 'להתראות.',
  pressToHear: 'להשמעת הקוד יש להקיש {key}.',
  subject: 'קוד {brand} שלך',
  confirmSubject: 'קוד האישור שלך ב-{brand}',
  greeting: 'שלום,',
  intro: 'קוד {brand} שלך הוא:',
  confirmIntro: 'לאישור ב-{brand} יש להזין את הקוד הזה:',
  unasked: 'אם לא ביקשת את הקוד, אפשר להתעלם מההודעה. אין למסור את הקוד לאיש.',
};

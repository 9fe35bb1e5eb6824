import type { Wording } from '../wording.ts';

export const bn: Wording = {
  code: 'আপনার {brand} কোড {code}।',
  confirm: '{brand}-এ নিশ্চিত করতে কোড {code} লিখুন।',
  amount: 'পরিমাণ: {amount}',
  payee: 'প্রাপক: {payee}',
  expires: { one: 'মেয়াদ {minutes} মিনিট।', other: 'মেয়াদ {minutes} মিনিট।' },
  secret: 'কাউকে জানাবেন না।',
  hello: 'হ্যালো।',
  spokenCode: 'আপনার {brand} কোড হলো: {digits}।',
  spokenConfirm: '{brand}-এ নিশ্চিত করতে লিখুন: {digits}।',
  again: 'আবার বলছি: {digits}।',
  goodbye: 'ধন্যবাদ।',
  pressToHear: 'কোড শুনতে {key} চাপুন।',
  pressForMessage: 'বার্তা শুনতে {key} চাপুন।',
  pressToStop: 'এ ধরনের কল আর না পেতে {key} চাপুন।',
  subject: 'আপনার {brand} কোড',
  confirmSubject: 'আপনার {brand} নিশ্চিতকরণ কোড',
  greeting: 'হ্যালো,',
  intro: 'আপনার {brand} কোড হলো:',
  confirmIntro: '{brand}-এ নিশ্চিত করতে এই কোডটি লিখুন:',
  unasked: 'আপনি এই কোড না চেয়ে থাকলে এই ইমেলটি উপেক্ষা করুন এবং কোডটি কাউকে দেবেন না।',
};

import type { Wording } from '../wording.ts';

export const am: Wording = {
  pause: '፣ ',
  code: 'የ{brand} ኮድዎ {code} ነው።',
  confirm: 'በ{brand} ለማረጋገጥ ኮድ {code} ያስገቡ።',
  amount: 'መጠን፦ {amount}',
  payee: 'ተቀባይ፦ {payee}',
  expires: { one: 'ለ{minutes} ደቂቃ ያገለግላል።', other: 'ለ{minutes} ደቂቃ ያገለግላል።' },
  secret: 'ለማንም አያጋሩ።',
  hello: 'ሰላም።',
  spokenCode: 'የ{brand} ኮድዎ፦ {digits}።',
  spokenConfirm: 'በ{brand} ለማረጋገጥ ያስገቡ፦ {digits}።',
  again: 'እደግማለሁ፦ {digits}።',
  goodbye: 'ደህና ይሁኑ።',
  pressToHear: 'ኮድዎን ለመስማት {key} ይጫኑ።',
  subject: 'የ{brand} ኮድዎ',
  confirmSubject: 'የ{brand} ማረጋገጫ ኮድዎ',
  greeting: 'ሰላም፣',
  intro: 'የ{brand} ኮድዎ፦',
  confirmIntro: 'በ{brand} ለማረጋገጥ ይህን ኮድ ያስገቡ፦',
  unasked: 'ይህን ኮድ ካልጠየቁ ይህን ኢሜይል ችላ ይበሉ፤ ኮዱንም ለማንም አይስጡ።',
};

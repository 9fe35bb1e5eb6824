import type { Wording } from '../wording.ts';

export const sw: Wording = {
  code: 'Msimbo wako wa {brand} ni {code}.',
  confirm: 'Ili kuthibitisha katika {brand}, weka msimbo {code}.',
  amount: 'Kiasi: {amount}',
  payee: 'Kwa: {payee}',
  expires: { one: 'Utaisha baada ya dakika {minutes}.', other: 'Utaisha baada ya dakika {minutes}.' },
  secret: 'Usimpe mtu yeyote.',
  hello: 'Habari.',
  spokenCode: 'Msimbo wako wa {brand} ni: {digits}.',
  spokenConfirm: 'Ili kuthibitisha katika {brand}, weka: {digits}.',
  again: 'Narudia: {digits}.',
  goodbye: 'Kwaheri.',
  pressToHear: 'Ili kusikia msimbo wako, bonyeza {key}.',
  pressForMessage: 'Ili kusikia ujumbe, bonyeza {key}.',
  pressToStop: 'Ili usipokee tena simu kama hizi, bonyeza {key}.',
  subject: 'Msimbo wako wa {brand}',
  confirmSubject: 'Msimbo wako wa kuthibitisha wa {brand}',
  greeting: 'Habari,',
  intro: 'Msimbo wako wa {brand} ni:',
  confirmIntro: 'Ili kuthibitisha katika {brand}, weka msimbo huu:',
  unasked: 'Ikiwa hukuomba msimbo huu, puuza barua pepe hii na usimpe mtu yeyote msimbo.',
};

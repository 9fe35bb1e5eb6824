import type { Wording } from '../wording.ts';

export const ro: Wording = {
  code: 'Codul {brand} este {code}.',
  confirm: 'Codul de confirmare {brand} este {code}.',
  amount: 'Suma: {amount}',
  payee: 'Beneficiar: {payee}',
  expires: {
    one: 'Este valabil {minutes} minut.',
    few: 'Este valabil {minutes} minute.',
    other: 'Este valabil {minutes} de minute.',
  },
  secret: 'Nu-l divulga.',
  hello: 'Bună ziua.',
  spokenCode: 'Codul tău {brand} este: {digits}.',
  spokenConfirm: 'Pentru a confirma în {brand}, introdu: {digits}.',
  again: 'Repet: {digits}.',
  goodbye: 'La revedere.',
  pressToHear: 'Ca să auzi codul, apasă tasta {key}.',
  pressForMessage: 'Ca să auzi mesajul, apasă tasta {key}.',
  pressToStop: 'Ca să nu mai primești astfel de apeluri, apasă tasta {key}.',
  subject: 'Codul tău {brand}',
  confirmSubject: 'Codul tău de confirmare {brand}',
  greeting: 'Bună ziua,',
  intro: 'Codul tău {brand} este:',
  confirmIntro: 'Pentru a confirma în {brand}, introdu acest cod:',
  unasked: 'Dacă nu ai cerut acest cod, ignoră acest e-mail și nu da codul nimănui.',
};

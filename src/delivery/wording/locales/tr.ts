import type { Wording } from '../wording.ts';

export const tr: Wording = {
  code: '{brand} kodunuz: {code}.',
  confirm: '{brand} onay kodunuz: {code}.',
  amount: 'Tutar: {amount}',
  payee: 'Kime: {payee}',
  expires: { one: 'Süre: {minutes} dakika.', other: 'Süre: {minutes} dakika.' },
  secret: 'Kimseye vermeyin.',
  hello: 'Merhaba.',
  spokenCode: '{brand} kodunuz: {digits}.',
  spokenConfirm: '{brand} onay kodunuz: {digits}.',
  again: 'Tekrar ediyorum: {digits}.',
  goodbye: 'İyi günler.',
  pressToHear: 'Kodunuzu duymak için {key} tuşuna basın.',
  pressForMessage: 'Mesajı duymak için {key} tuşuna basın.',
  pressToStop: 'Bu tür aramaları artık almamak için {key} tuşuna basın.',
  subject: '{brand} kodunuz',
  confirmSubject: '{brand} onay kodunuz',
  greeting: 'Merhaba,',
  intro: '{brand} kodunuz:',
  confirmIntro: '{brand} işlemini onaylamak için bu kodu girin:',
  unasked: 'Bu kodu siz istemediyseniz bu e-postayı dikkate almayın ve kodu kimseye vermeyin.',
};

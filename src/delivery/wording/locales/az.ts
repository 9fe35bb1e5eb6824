import type { Wording } from '../wording.ts';

export const az: Wording = {
  code: '{brand} kodunuz: {code}.',
  confirm: '{brand} təsdiq kodunuz: {code}.',
  amount: 'Məbləğ: {amount}',
  payee: 'Alan: {payee}',
  expires: { one: 'Müddət: {minutes} dəqiqə.', other: 'Müddət: {minutes} dəqiqə.' },
  secret: 'Heç kimə verməyin.',
  hello: 'Salam.',
  spokenCode: '{brand} kodunuz: {digits}.',
  spokenConfirm: '{brand} təsdiq kodunuz: {digits}.',
  again: 'Təkrar edirəm: {digits}.',
  goodbye: 'Sağ olun.',
  pressToHear: 'Kodu eşitmək üçün {key} düyməsini basın.',
  pressForMessage: 'Mesajı eşitmək üçün {key} düyməsini basın.',
  pressToStop: 'Belə zəngləri almamaq üçün {key} düyməsini basın.',
  subject: '{brand} kodunuz',
  confirmSubject: '{brand} təsdiq kodunuz',
  greeting: 'Salam,',
  intro: '{brand} kodunuz:',
  confirmIntro: '{brand} əməliyyatını təsdiqləmək üçün bu kodu daxil edin:',
  unasked: 'Bu kodu siz istəməmisinizsə, bu məktuba əhəmiyyət verməyin və kodu heç kimə verməyin.',
};

import type { Wording } from '../wording.ts';

export const ka: Wording = {
  code: 'თქვენი {brand} კოდი: {code}.',
  confirm: '{brand}-ში დასადასტურებლად შეიყვანეთ {code}.',
  amount: 'თანხა: {amount}',
  payee: 'მიმღები: {payee}',
  expires: { one: 'მოქმედებს {minutes} წუთი.', other: 'მოქმედებს {minutes} წუთი.' },
  secret: 'არავის გაუზიაროთ.',
  hello: 'გამარჯობა.',
  spokenCode: 'თქვენი {brand} კოდია: {digits}.',
  spokenConfirm: '{brand}-ში დასადასტურებლად შეიყვანეთ: {digits}.',
  again: 'გავიმეორებ: {digits}.',
  goodbye: 'ნახვამდის.',
  pressToHear: 'კოდის მოსასმენად დააჭირეთ {key}-ს.',
  pressForMessage: 'შეტყობინების მოსასმენად დააჭირეთ {key}-ს.',
  pressToStop: 'თუ ასეთი ზარების მიღება აღარ გსურთ, დააჭირეთ {key}-ს.',
  subject: 'თქვენი {brand} კოდი',
  confirmSubject: 'თქვენი {brand} დადასტურების კოდი',
  greeting: 'გამარჯობა,',
  intro: 'თქვენი {brand} კოდია:',
  confirmIntro: '{brand}-ში დასადასტურებლად შეიყვანეთ ეს კოდი:',
  unasked: 'თუ ეს კოდი თქვენ არ მოგითხოვიათ, ყურადღება ნუ მიაქცევთ ამ წერილს და კოდი არავის მისცეთ.',
};

import type { Wording } from '../wording.ts';

export const nl: Wording = {
  code: 'Uw code voor {brand} is {code}.',
  confirm: 'Bevestig dit in {brand} met code {code}.',
  amount: 'Bedrag: {amount}',
  payee: 'Aan: {payee}',
  expires: { one: 'Hij verloopt over {minutes} minuut.', other: 'Hij verloopt over {minutes} minuten.' },
  secret: 'Deel hem met niemand.',
  hello: 'Hallo.',
  spokenCode: 'Uw code voor {brand} is: {digits}.',
  spokenConfirm: 'Bevestig dit in {brand} met: {digits}.',
  again: 'Ik herhaal: {digits}.',
  goodbye: 'Tot ziens.',
  pressToHear: 'Druk op {key} om uw code te horen.',
  pressForMessage: 'Druk op {key} om het bericht te horen.',
  pressToStop: 'Wilt u niet meer zo gebeld worden, druk dan op {key}.',
  subject: 'Uw code voor {brand}',
  confirmSubject: 'Uw bevestigingscode voor {brand}',
  greeting: 'Hallo,',
  intro: 'Uw code voor {brand} is:',
  confirmIntro: 'Bevestig dit in {brand} met deze code:',
  unasked: 'Hebt u deze code niet aangevraagd? Negeer dan deze e-mail en geef de code aan niemand.',
};

import type { Wording } from '../wording.ts';

export const is: Wording = {
  code: 'Kóði fyrir {brand}: {code}.',
  confirm: 'Sláðu inn kóðann {code} til að staðfesta í {brand}.',
  amount: 'Upphæð: {amount}',
  payee: 'Til: {payee}',
  expires: { one: 'Gildir í {minutes} mínútu.', other: 'Gildir í {minutes} mínútur.' },
  secret: 'Ekki deila honum.',
  hello: 'Halló.',
  spokenCode: 'Kóðinn þinn fyrir {brand} er: {digits}.',
  spokenConfirm: 'Til að staðfesta í {brand}, sláðu inn: {digits}.',
  again: 'Ég endurtek: {digits}.',
  goodbye: 'Bless.',
  pressToHear: 'Ýttu á {key} til að heyra kóðann.',
  pressForMessage: 'Ýttu á {key} til að heyra skilaboðin.',
  pressToStop: 'Ýttu á {key} ef þú vilt ekki fleiri slík símtöl.',
  subject: 'Kóðinn þinn fyrir {brand}',
  confirmSubject: 'Staðfestingarkóðinn þinn fyrir {brand}',
  greeting: 'Halló,',
  intro: 'Kóðinn þinn fyrir {brand} er:',
  confirmIntro: 'Sláðu inn þennan kóða til að staðfesta í {brand}:',
  unasked: 'Ef þú baðst ekki um þennan kóða skaltu hunsa þennan tölvupóst. Gefðu engum upp kóðann.',
};

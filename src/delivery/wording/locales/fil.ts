import type { Wording } from '../wording.ts';

export const fil: Wording = {
  code: 'Ang inyong {brand} code ay {code}.',
  confirm: 'Para kumpirmahin sa {brand}, ilagay ang code na {code}.',
  amount: 'Halaga: {amount}',
  payee: 'Para sa: {payee}',
  expires: {
    one: 'Mag-e-expire ito sa loob ng {minutes} minuto.',
    other: 'Mag-e-expire ito sa loob ng {minutes} minuto.',
  },
  secret: 'Huwag itong ibahagi.',
  hello: 'Kumusta.',
  spokenCode: 'Ang inyong {brand} code ay: {digits}.',
  spokenConfirm: 'Para kumpirmahin sa {brand}, ilagay ang: {digits}.',
  again: 'Inuulit ko: {digits}.',
  goodbye: 'Paalam.',
  pressToHear: 'Para marinig ang code, pindutin ang {key}.',
  pressForMessage: 'Para marinig ang mensahe, pindutin ang {key}.',
  pressToStop: 'Para hindi na makatanggap ng ganitong tawag, pindutin ang {key}.',
  subject: 'Ang inyong {brand} code',
  confirmSubject: 'Ang inyong {brand} confirmation code',
  greeting: 'Kumusta,',
  intro: 'Ang inyong {brand} code ay:',
  confirmIntro: 'Para kumpirmahin sa {brand}, ilagay ang code na ito:',
  unasked:
    'Kung hindi kayo ang humiling ng code na ito, huwag pansinin ang email na ito at huwag ibigay ang code kaninuman.',
};

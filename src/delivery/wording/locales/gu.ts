import type { Wording } from '../wording.ts';

export const gu: Wording = {
  code: 'તમારો {brand} કોડ {code} છે.',
  confirm: '{brand} માં પુષ્ટિ માટે કોડ {code} દાખલ કરો.',
  amount: 'રકમ: {amount}',
  payee: 'પ્રાપ્તકર્તા: {payee}',
  expires: { one: 'તે {minutes} મિનિટ માન્ય છે.', other: 'તે {minutes} મિનિટ માન્ય છે.' },
  secret: 'કોઈને ન જણાવશો.',
  hello: 'નમસ્તે.',
  spokenCode: 'તમારો {brand} કોડ છે: {digits}.',
  spokenConfirm: '{brand} માં પુષ્ટિ માટે દાખલ કરો: {digits}.',
  again: 'ફરીથી: {digits}.',
  goodbye: 'આભાર.',
  pressToHear: 'કોડ સાંભળવા માટે {key} દબાવો.',
  pressForMessage: 'સંદેશ સાંભળવા માટે {key} દબાવો.',
  pressToStop: 'આવા કૉલ બંધ કરવા માટે {key} દબાવો.',
  subject: 'તમારો {brand} કોડ',
  confirmSubject: 'તમારો {brand} પુષ્ટિ કોડ',
  greeting: 'નમસ્તે,',
  intro: 'તમારો {brand} કોડ છે:',
  confirmIntro: '{brand} માં પુષ્ટિ માટે આ કોડ દાખલ કરો:',
  unasked: 'જો તમે આ કોડ માંગ્યો ન હોય, તો આ ઇમેઇલને અવગણો અને કોડ કોઈને ન આપો.',
};

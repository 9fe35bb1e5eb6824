import type { Wording } from '../wording.ts';

export const te: Wording = {
  code: 'మీ {brand} కోడ్: {code}.',
  confirm: '{brand} నిర్ధారణ కోడ్: {code}.',
  amount: 'మొత్తం: {amount}',
  payee: 'గ్రహీత: {payee}',
  expires: { one: '{minutes} నిమిషం చెల్లుతుంది.', other: '{minutes} నిమిషాలు చెల్లుతుంది.' },
  secret: 'ఎవరికీ చెప్పకండి.',
  hello: 'నమస్కారం.',
  spokenCode: 'మీ {brand} కోడ్: {digits}.',
  spokenConfirm: '{brand} నిర్ధారణ కోడ్: {digits}.',
  again: 'మళ్లీ: {digits}.',
  goodbye: 'ధన్యవాదాలు.',
  pressToHear: 'కోడ్ వినడానికి {key} నొక్కండి.',
  pressForMessage: 'సందేశం వినడానికి {key} నొక్కండి.',
  pressToStop: 'ఇలాంటి కాల్స్ ఆపడానికి {key} నొక్కండి.',
  subject: 'మీ {brand} కోడ్',
  confirmSubject: 'మీ {brand} నిర్ధారణ కోడ్',
  greeting: 'నమస్కారం,',
  intro: 'మీ {brand} కోడ్:',
  confirmIntro: '{brand}లో నిర్ధారించడానికి ఈ కోడ్‌ను నమోదు చేయండి:',
  unasked: 'మీరు ఈ కోడ్‌ను అడగకపోతే ఈ ఇమెయిల్‌ను పట్టించుకోకండి, కోడ్‌ను ఎవరికీ ఇవ్వకండి.',
};

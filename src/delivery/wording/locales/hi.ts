import type { Wording } from '../wording.ts';

export const hi: Wording = {
  code: 'आपका {brand} कोड {code} है।',
  confirm: '{brand} में पुष्टि के लिए कोड {code} डालें।',
  amount: 'राशि: {amount}',
  payee: 'प्राप्तकर्ता: {payee}',
  expires: { one: 'यह {minutes} मिनट तक मान्य है।', other: 'यह {minutes} मिनट तक मान्य है।' },
  secret: 'किसी को न बताएं।',
  hello: 'नमस्ते।',
  spokenCode: 'आपका {brand} कोड है: {digits}।',
  spokenConfirm: '{brand} में पुष्टि के लिए डालें: {digits}।',
  again: 'फिर से: {digits}।',
  goodbye: 'धन्यवाद।',
  pressToHear: 'कोड सुनने के लिए {key} दबाएं।',
  pressForMessage: 'संदेश सुनने के लिए {key} दबाएं।',
  pressToStop: 'ऐसी कॉल बंद करने के लिए {key} दबाएं।',
  subject: 'आपका {brand} कोड',
  confirmSubject: 'आपका {brand} पुष्टि कोड',
  greeting: 'नमस्ते,',
  intro: 'आपका {brand} कोड है:',
  confirmIntro: '{brand} में पुष्टि के लिए यह कोड डालें:',
  unasked: 'अगर आपने यह कोड नहीं मांगा है, तो इस ईमेल पर ध्यान न दें और कोड किसी को न दें।',
};

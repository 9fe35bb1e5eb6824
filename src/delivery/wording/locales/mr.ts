import type { Wording } from '../wording.ts';

export const mr: Wording = {
  code: 'तुमचा {brand} कोड {code} आहे.',
  confirm: '{brand} मध्ये पुष्टी करण्यासाठी कोड {code} टाका.',
  amount: 'रक्कम: {amount}',
  payee: 'प्राप्तकर्ता: {payee}',
  expires: { one: 'तो {minutes} मिनिट वैध आहे.', other: 'तो {minutes} मिनिटे वैध आहे.' },
  secret: 'कोणालाही सांगू नका.',
  hello: 'नमस्कार.',
  spokenCode: 'तुमचा {brand} कोड आहे: {digits}.',
  spokenConfirm: '{brand} मध्ये पुष्टी करण्यासाठी टाका: {digits}.',
  again: 'पुन्हा: {digits}.',
  goodbye: 'धन्यवाद.',
  pressToHear: 'कोड ऐकण्यासाठी {key} दाबा.',
  pressForMessage: 'संदेश ऐकण्यासाठी {key} दाबा.',
  pressToStop: 'असे कॉल बंद करण्यासाठी {key} दाबा.',
  subject: 'तुमचा {brand} कोड',
  confirmSubject: 'तुमचा {brand} पुष्टी कोड',
  greeting: 'नमस्कार,',
  intro: 'तुमचा {brand} कोड आहे:',
  confirmIntro: '{brand} मध्ये पुष्टी करण्यासाठी हा कोड टाका:',
  unasked: 'तुम्ही हा कोड मागितला नसेल, तर या ईमेलकडे दुर्लक्ष करा आणि कोड कोणालाही देऊ नका.',
};

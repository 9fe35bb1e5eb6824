import type { Wording } from '../wording.ts';

export const ta: Wording = {
  code: 'உங்கள் {brand} குறியீடு: {code}.',
  confirm: '{brand} உறுதிப்படுத்தல் குறியீடு: {code}.',
  amount: 'தொகை: {amount}',
  payee: 'பெறுநர்: {payee}',
  expires: { one: '{minutes} நிமிடம் செல்லும்.', other: '{minutes} நிமிடங்கள் செல்லும்.' },
  secret: 'பகிர வேண்டாம்.',
  hello: 'வணக்கம்.',
  spokenCode: 'உங்கள் {brand} குறியீடு: {digits}.',
  spokenConfirm: '{brand} உறுதிப்படுத்தல் குறியீடு: {digits}.',
  again: 'மீண்டும்: {digits}.',
  goodbye: 'நன்றி.',
  pressToHear: 'குறியீட்டைக் கேட்க {key} ஐ அழுத்தவும்.',
  pressForMessage: 'செய்தியைக் கேட்க {key} ஐ அழுத்தவும்.',
  pressToStop: 'இத்தகைய அழைப்புகளை நிறுத்த {key} ஐ அழுத்தவும்.',
  subject: 'உங்கள் {brand} குறியீடு',
  confirmSubject: 'உங்கள் {brand} உறுதிப்படுத்தல் குறியீடு',
  greeting: 'வணக்கம்,',
  intro: 'உங்கள் {brand} குறியீடு:',
  confirmIntro: '{brand} இல் உறுதிப்படுத்த இந்தக் குறியீட்டை உள்ளிடவும்:',
  unasked: 'இந்தக் குறியீட்டை நீங்கள் கேட்கவில்லை என்றால், இந்த மின்னஞ்சலைப் புறக்கணிக்கவும்; குறியீட்டை யாரிடமும் பகிர வேண்டாம்.',
};

/**
 * What a code message says, per locale. Where a language allows it the wording stays inside the GSM alphabet
 * (es "clave", tr without ç, ğ, ı, ş): outside it a text has room for 70 characters instead of 160.
 */
export interface Messages {
  /** Right to left: foreign values are isolated. */
  rtl?: true;
  /** Between sentences. */
  space: string;
  /** Between spoken digits, heard as a pause. */
  pause: string;
  code(brand: string, code: string): string;
  /** Names what the code does, unlike `code`: a transaction must not be mistaken for a login. */
  confirm(brand: string, code: string): string;
  amount(amount: string): string;
  payee(payee: string): string;
  expires(minutes: number): string;
  secret: string;
  spokenCode(brand: string, digits: string): string;
  spokenConfirm(brand: string, digits: string): string;
  again(digits: string): string;
}

const latin = { space: ' ', pause: ', ' } as const;

export const messages = {
  en: {
    ...latin,
    code: (brand, code) => `Your ${brand} code is ${code}.`,
    confirm: (brand, code) => `To confirm this in ${brand}, enter code ${code}.`,
    amount: (amount) => `Amount: ${amount}`,
    payee: (payee) => `To: ${payee}`,
    expires: (minutes) => `It expires in ${minutes} min.`,
    secret: 'Do not share it.',
    spokenCode: (brand, digits) => `Hello. Your ${brand} code is: ${digits}.`,
    spokenConfirm: (brand, digits) => `To confirm this in ${brand}, enter: ${digits}.`,
    again: (digits) => `Once more: ${digits}. Goodbye.`,
  },
  fr: {
    ...latin,
    code: (brand, code) => `Votre code ${brand} : ${code}.`,
    confirm: (brand, code) => `Pour confirmer dans ${brand}, saisissez le code ${code}.`,
    amount: (amount) => `Montant : ${amount}`,
    payee: (payee) => `Pour : ${payee}`,
    expires: (minutes) => `Il expire dans ${minutes} min.`,
    secret: 'Ne le partagez pas.',
    spokenCode: (brand, digits) => `Bonjour. Votre code ${brand} est : ${digits}.`,
    spokenConfirm: (brand, digits) => `Pour confirmer dans ${brand}, saisissez : ${digits}.`,
    again: (digits) => `Je répète : ${digits}. Au revoir.`,
  },
  de: {
    ...latin,
    code: (brand, code) => `Ihr Code für ${brand}: ${code}.`,
    confirm: (brand, code) => `Zum Bestätigen in ${brand} geben Sie den Code ${code} ein.`,
    amount: (amount) => `Betrag: ${amount}`,
    payee: (payee) => `An: ${payee}`,
    expires: (minutes) => `Er gilt ${minutes} Min.`,
    secret: 'Geben Sie ihn nicht weiter.',
    spokenCode: (brand, digits) => `Guten Tag. Ihr Code für ${brand} lautet: ${digits}.`,
    spokenConfirm: (brand, digits) => `Zum Bestätigen in ${brand} geben Sie ein: ${digits}.`,
    again: (digits) => `Ich wiederhole: ${digits}. Auf Wiederhören.`,
  },
  es: {
    ...latin,
    code: (brand, code) => `Tu clave de ${brand} es ${code}.`,
    confirm: (brand, code) => `Para confirmar en ${brand}, introduce la clave ${code}.`,
    amount: (amount) => `Importe: ${amount}`,
    payee: (payee) => `Para: ${payee}`,
    expires: (minutes) => `Caduca en ${minutes} min.`,
    secret: 'No la compartas.',
    spokenCode: (brand, digits) => `Hola. Tu clave de ${brand} es: ${digits}.`,
    spokenConfirm: (brand, digits) => `Para confirmar en ${brand}, introduce: ${digits}.`,
    again: (digits) => `Repito: ${digits}. Adiós.`,
  },
  it: {
    ...latin,
    code: (brand, code) => `Il tuo codice ${brand} è ${code}.`,
    confirm: (brand, code) => `Per confermare in ${brand}, inserisci il codice ${code}.`,
    amount: (amount) => `Importo: ${amount}`,
    payee: (payee) => `A: ${payee}`,
    expires: (minutes) => `Scade tra ${minutes} min.`,
    secret: 'Non condividerlo.',
    spokenCode: (brand, digits) => `Buongiorno. Il tuo codice ${brand} è: ${digits}.`,
    spokenConfirm: (brand, digits) => `Per confermare in ${brand}, inserisci: ${digits}.`,
    again: (digits) => `Ripeto: ${digits}. Arrivederci.`,
  },
  nl: {
    ...latin,
    code: (brand, code) => `Uw code voor ${brand} is ${code}.`,
    confirm: (brand, code) => `Bevestig dit in ${brand} met code ${code}.`,
    amount: (amount) => `Bedrag: ${amount}`,
    payee: (payee) => `Aan: ${payee}`,
    expires: (minutes) => `Verloopt over ${minutes} min.`,
    secret: 'Deel hem met niemand.',
    spokenCode: (brand, digits) => `Hallo. Uw code voor ${brand} is: ${digits}.`,
    spokenConfirm: (brand, digits) => `Bevestig dit in ${brand} met: ${digits}.`,
    again: (digits) => `Ik herhaal: ${digits}. Tot ziens.`,
  },
  pl: {
    ...latin,
    code: (brand, code) => `Kod ${brand}: ${code}.`,
    confirm: (brand, code) => `Kod do zatwierdzenia w ${brand}: ${code}.`,
    amount: (amount) => `Kwota: ${amount}`,
    payee: (payee) => `Dla: ${payee}`,
    expires: (minutes) => `Wygasa za ${minutes} min.`,
    secret: 'Nikomu go nie podawaj.',
    spokenCode: (brand, digits) => `Dzień dobry. Kod ${brand} to: ${digits}.`,
    spokenConfirm: (brand, digits) => `Aby to zatwierdzić w ${brand}, wpisz: ${digits}.`,
    again: (digits) => `Powtarzam: ${digits}. Do widzenia.`,
  },
  pt: {
    ...latin,
    code: (brand, code) => `Código ${brand}: ${code}.`,
    confirm: (brand, code) => `Para confirmar em ${brand}, digite ${code}.`,
    amount: (amount) => `Valor: ${amount}`,
    payee: (payee) => `Para: ${payee}`,
    expires: (minutes) => `Expira em ${minutes} min.`,
    secret: 'Não o divulgue.',
    spokenCode: (brand, digits) => `Olá. O seu código ${brand} é: ${digits}.`,
    spokenConfirm: (brand, digits) => `Para confirmar em ${brand}, digite: ${digits}.`,
    again: (digits) => `Repetindo: ${digits}. Até logo.`,
  },
  tr: {
    ...latin,
    code: (brand, code) => `${brand} kodunuz: ${code}.`,
    confirm: (brand, code) => `${brand} onay kodu: ${code}.`,
    amount: (amount) => `Tutar: ${amount}`,
    payee: (payee) => `Kime: ${payee}`,
    expires: (minutes) => `Süre: ${minutes} dk.`,
    secret: 'Kimseye vermeyin.',
    spokenCode: (brand, digits) => `Merhaba. ${brand} kodunuz: ${digits}.`,
    spokenConfirm: (brand, digits) => `${brand} onay kodunuz: ${digits}.`,
    again: (digits) => `Tekrar ediyorum: ${digits}. İyi günler.`,
  },
  ru: {
    ...latin,
    code: (brand, code) => `Ваш код ${brand}: ${code}.`,
    confirm: (brand, code) => `Чтобы подтвердить в ${brand}, введите код ${code}.`,
    amount: (amount) => `Сумма: ${amount}`,
    payee: (payee) => `Получатель: ${payee}`,
    expires: (minutes) => `Действует ${minutes} мин.`,
    secret: 'Никому его не сообщайте.',
    spokenCode: (brand, digits) => `Здравствуйте. Ваш код ${brand}: ${digits}.`,
    spokenConfirm: (brand, digits) => `Чтобы подтвердить в ${brand}, введите: ${digits}.`,
    again: (digits) => `Повторяю: ${digits}. До свидания.`,
  },
  ar: {
    rtl: true,
    space: ' ',
    pause: '، ',
    code: (brand, code) => `رمز ${brand} الخاص بك هو ${code}.`,
    confirm: (brand, code) => `للتأكيد في ${brand} أدخل الرمز ${code}.`,
    amount: (amount) => `المبلغ: ${amount}`,
    payee: (payee) => `إلى: ${payee}`,
    expires: (minutes) => `ينتهي خلال ${arabicMinutes(minutes)}.`,
    secret: 'لا تشاركه مع أحد.',
    spokenCode: (brand, digits) => `مرحبا. رمز ${brand} الخاص بك هو: ${digits}.`,
    spokenConfirm: (brand, digits) => `للتأكيد في ${brand} أدخل الرمز: ${digits}.`,
    again: (digits) => `أكرر: ${digits}. مع السلامة.`,
  },
  hi: {
    ...latin,
    code: (brand, code) => `आपका ${brand} कोड ${code} है।`,
    confirm: (brand, code) => `${brand} में पुष्टि के लिए कोड ${code} डालें।`,
    amount: (amount) => `राशि: ${amount}`,
    payee: (payee) => `प्राप्तकर्ता: ${payee}`,
    expires: (minutes) => `यह ${minutes} मिनट तक मान्य है।`,
    secret: 'इसे किसी को न बताएं।',
    spokenCode: (brand, digits) => `नमस्ते। आपका ${brand} कोड है: ${digits}।`,
    spokenConfirm: (brand, digits) => `${brand} में पुष्टि के लिए डालें: ${digits}।`,
    again: (digits) => `फिर से: ${digits}। धन्यवाद।`,
  },
  ja: {
    space: '',
    pause: '、',
    code: (brand, code) => `${brand}の認証コードは${code}です。`,
    confirm: (brand, code) => `${brand}で承認するにはコード${code}を入力してください。`,
    amount: (amount) => `金額：${amount}`,
    payee: (payee) => `支払先：${payee}`,
    expires: (minutes) => `有効期限は${minutes}分です。`,
    secret: '誰にも教えないでください。',
    spokenCode: (brand, digits) => `こんにちは。${brand}の認証コードは、${digits}、です。`,
    spokenConfirm: (brand, digits) => `${brand}で承認するには、${digits}、を入力してください。`,
    again: (digits) => `もう一度繰り返します。${digits}。`,
  },
  zh: {
    space: '',
    pause: '、',
    code: (brand, code) => `您的${brand}验证码是${code}。`,
    confirm: (brand, code) => `如确认此操作，请在${brand}中输入验证码${code}。`,
    amount: (amount) => `金额：${amount}`,
    payee: (payee) => `收款方：${payee}`,
    expires: (minutes) => `${minutes}分钟内有效。`,
    secret: '请勿告诉他人。',
    spokenCode: (brand, digits) => `您好。您的${brand}验证码是：${digits}。`,
    spokenConfirm: (brand, digits) => `如确认此操作，请在${brand}中输入：${digits}。`,
    again: (digits) => `重复一遍：${digits}。`,
  },
  'zh-Hant': {
    space: '',
    pause: '、',
    code: (brand, code) => `您的${brand}驗證碼是${code}。`,
    confirm: (brand, code) => `如確認此操作，請在${brand}中輸入驗證碼${code}。`,
    amount: (amount) => `金額：${amount}`,
    payee: (payee) => `收款方：${payee}`,
    expires: (minutes) => `${minutes}分鐘內有效。`,
    secret: '請勿告訴他人。',
    spokenCode: (brand, digits) => `您好。您的${brand}驗證碼是：${digits}。`,
    spokenConfirm: (brand, digits) => `如確認此操作，請在${brand}中輸入：${digits}。`,
    again: (digits) => `重複一遍：${digits}。`,
  },
} satisfies Record<string, Messages>;

/** Arabic counts in one, two, few (3–10) and many (11–99). */
function arabicMinutes(minutes: number): string {
  if (minutes === 1) return 'دقيقة واحدة';
  if (minutes === 2) return 'دقيقتين';
  return minutes <= 10 ? `${minutes} دقائق` : `${minutes} دقيقة`;
}

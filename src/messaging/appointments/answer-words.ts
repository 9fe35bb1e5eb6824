import type { Answer } from './appointment.ts';

export type AnswerWords = Readonly<Record<Answer, readonly string[]>>;

/** Of every language: what a reminder may ask for in a few characters. */
export const DIGITS: AnswerWords = { confirm: ['1'], cancel: ['2'], reschedule: ['3'] };

/**
 * What people reply to a reminder, by language, besides what means yes (`WORDS` of consent). Written as people type;
 * compared as `normalizeReply` leaves it. Those marked were translated and no speaker has looked at them.
 */
export const ANSWER_WORDS: Readonly<Record<string, AnswerWords & { uncertain?: true }>> = {
  en: {
    confirm: ['c', 'confirmed', 'i confirm', 'yep', 'yeah', 'sure', 'i ll be there', 'see you', 'see you then'],
    cancel: ['no', 'n', 'cancel', 'cancelled', 'canceled', 'can t make it', 'cannot make it', 'not coming', 'x'],
    reschedule: ['r', 'reschedule', 'change', 'move', 'another time', 'postpone', 'different time', 'new time'],
  },
  fr: {
    confirm: ['confirmer', 'confirmé', 'je viens', 'je serai là', 'd accord', 'o'],
    cancel: ['non', 'annuler', 'annulez', 'annulation', 'j annule', 'je ne viens pas', 'je ne peux pas'],
    reschedule: ['reporter', 'déplacer', 'changer', 'modifier', 'autre date', 'autre heure', 'report', 'décaler'],
  },
  es: {
    confirm: ['confirmar', 'confirmado', 'de acuerdo', 'ahí estaré', 'allí estaré', 's', 'vale'],
    cancel: ['no', 'cancelar', 'cancela', 'cancelo', 'anular', 'no puedo', 'no puedo ir', 'no voy'],
    reschedule: ['cambiar', 'reprogramar', 'otra hora', 'otro día', 'aplazar', 'mover', 'cambio'],
  },
  pt: {
    confirm: ['confirmar', 'confirmado', 'de acordo', 'estarei lá', 's'],
    cancel: ['não', 'nao', 'cancelar', 'cancela', 'anular', 'desmarcar', 'não posso', 'não vou'],
    reschedule: ['remarcar', 'reagendar', 'mudar', 'alterar', 'outro dia', 'outra hora', 'adiar'],
  },
  it: {
    confirm: ['confermare', 'confermato', 'd accordo', 'va bene', 'ci sarò'],
    cancel: ['no', 'annulla', 'annullare', 'disdire', 'disdico', 'cancella', 'non posso', 'non vengo'],
    reschedule: ['spostare', 'sposta', 'cambiare', 'rimandare', 'altra data', 'altro orario', 'modifica'],
  },
  de: {
    confirm: ['bestätige', 'bestätigt', 'ich komme', 'passt', 'gerne', 'j', 'okay'],
    cancel: ['nein', 'absagen', 'absage', 'stornieren', 'ich komme nicht', 'kann nicht', 'ich sage ab'],
    reschedule: ['verschieben', 'verlegen', 'ändern', 'anderer termin', 'neuer termin', 'umbuchen'],
  },
  nl: {
    confirm: ['bevestigen', 'bevestigd', 'ik kom', 'akkoord', 'j'],
    cancel: ['nee', 'annuleren', 'annuleer', 'afzeggen', 'ik kom niet', 'kan niet'],
    reschedule: ['verzetten', 'verplaatsen', 'wijzigen', 'andere tijd', 'andere datum'],
  },
  ca: {
    confirm: ['confirmar', 'confirmat', 'hi seré'],
    cancel: ['no', 'cancel·lar', 'anul·lar', 'no puc', 'no vinc'],
    reschedule: ['canviar', 'ajornar', 'un altre dia', 'una altra hora'],
    uncertain: true,
  },
  sv: {
    confirm: ['bekräftar', 'jag kommer', 'j'],
    cancel: ['nej', 'avboka', 'avbokar', 'ställ in', 'kan inte', 'kommer inte'],
    reschedule: ['omboka', 'boka om', 'ändra', 'annan tid', 'flytta'],
  },
  da: {
    confirm: ['bekræfter', 'jeg kommer', 'j'],
    cancel: ['nej', 'aflys', 'afbestil', 'aflyse', 'kan ikke', 'kommer ikke'],
    reschedule: ['flyt', 'ændre', 'ombook', 'anden tid'],
  },
  nb: {
    confirm: ['bekrefter', 'jeg kommer', 'j'],
    cancel: ['nei', 'avbestill', 'avlys', 'kan ikke', 'kommer ikke'],
    reschedule: ['flytt', 'endre', 'ombestill', 'annen tid'],
  },
  fi: {
    confirm: ['vahvistan', 'tulen', 'sopii', 'k'],
    cancel: ['ei', 'perun', 'peruutan', 'en pääse', 'en tule'],
    reschedule: ['siirrä', 'siirto', 'muuta', 'vaihda', 'toinen aika'],
    uncertain: true,
  },
  is: {
    confirm: ['staðfesti', 'ég kem'],
    cancel: ['nei', 'afbóka', 'hætta við', 'kemst ekki'],
    reschedule: ['breyta', 'færa', 'annar tími'],
    uncertain: true,
  },
  pl: {
    confirm: ['potwierdzić', 'potwierdzone', 'będę', 'przyjdę', 't'],
    cancel: ['nie', 'odwołuję', 'odwołać', 'odwołaj', 'nie mogę', 'nie przyjdę'],
    reschedule: ['przełożyć', 'przełóż', 'zmiana', 'zmienić', 'inny termin', 'przenieść'],
  },
  cs: {
    confirm: ['potvrdit', 'přijdu'],
    cancel: ['ne', 'ruším', 'nemohu', 'nemůžu', 'nepřijdu'],
    reschedule: ['přesunout', 'změnit', 'přeložit', 'jiný termín'],
    uncertain: true,
  },
  sk: {
    confirm: ['potvrdiť', 'prídem'],
    cancel: ['nie', 'ruším', 'nemôžem', 'neprídem'],
    reschedule: ['presunúť', 'zmeniť', 'preložiť', 'iný termín'],
    uncertain: true,
  },
  hu: {
    confirm: ['jövök', 'ott leszek', 'rendben'],
    cancel: ['nem', 'lemondom', 'törlés', 'törlöm', 'nem tudok menni'],
    reschedule: ['módosítás', 'módosítom', 'áthelyezés', 'másik időpont', 'halasztás'],
    uncertain: true,
  },
  ro: {
    confirm: ['confirmat', 'vin', 'de acord'],
    cancel: ['nu', 'anulez', 'anulare', 'nu pot', 'nu vin'],
    reschedule: ['reprogramare', 'reprogramez', 'schimb', 'modific', 'altă oră', 'altă dată'],
    uncertain: true,
  },
  bg: {
    confirm: ['потвърди', 'ще дойда', 'добре'],
    cancel: ['не', 'отменям', 'отмяна', 'не мога', 'няма да дойда'],
    reschedule: ['промяна', 'промени', 'друг час', 'друга дата', 'отложи'],
    uncertain: true,
  },
  el: {
    confirm: ['επιβεβαίωση', 'θα έρθω', 'εντάξει'],
    cancel: ['όχι', 'oxi', 'ακύρωση', 'ακυρώνω', 'δεν μπορώ', 'δεν θα έρθω'],
    reschedule: ['αλλαγή', 'άλλη ώρα', 'άλλη μέρα', 'μετάθεση'],
    uncertain: true,
  },
  tr: {
    confirm: ['onayla', 'tamam', 'geleceğim', 'e'],
    cancel: ['hayır', 'iptal et', 'gelemem', 'gelemiyorum', 'h'],
    reschedule: ['değiştir', 'ertele', 'başka saat', 'başka gün', 'değişiklik'],
    uncertain: true,
  },
  ru: {
    confirm: ['подтвердить', 'приду', 'буду', 'хорошо'],
    cancel: ['нет', 'отменить', 'отменяю', 'не приду', 'не могу', 'не смогу'],
    reschedule: ['перенести', 'перенесите', 'изменить', 'другое время', 'другой день', 'перенос'],
    uncertain: true,
  },
  uk: {
    confirm: ['підтвердити', 'прийду', 'буду', 'добре'],
    cancel: ['ні', 'скасовую', 'не прийду', 'не можу', 'не зможу'],
    reschedule: ['перенести', 'перенесіть', 'змінити', 'інший час', 'інший день'],
    uncertain: true,
  },
  sr: {
    confirm: ['потврди', 'potvrdi', 'долазим', 'dolazim'],
    cancel: ['не', 'ne', 'откажи', 'otkaži', 'отказујем', 'otkazujem', 'не могу', 'ne mogu'],
    reschedule: ['промени', 'promeni', 'померити', 'pomeriti', 'други термин', 'drugi termin'],
    uncertain: true,
  },
  hr: {
    confirm: ['potvrdi', 'dolazim'],
    cancel: ['ne', 'otkaži', 'otkazujem', 'otkazati', 'ne mogu'],
    reschedule: ['promijeni', 'pomakni', 'drugi termin', 'promjena'],
    uncertain: true,
  },
  sl: {
    confirm: ['potrdi', 'pridem'],
    cancel: ['ne', 'odpovej', 'odpovedujem', 'ne morem', 'ne pridem'],
    reschedule: ['spremeni', 'prestavi', 'drug termin'],
    uncertain: true,
  },
  et: {
    confirm: ['kinnita', 'tulen', 'sobib'],
    cancel: ['ei', 'tühistan', 'ei saa tulla', 'ei tule'],
    reschedule: ['muuda', 'teine aeg', 'lükka edasi'],
    uncertain: true,
  },
  lv: {
    confirm: ['apstiprināt', 'būšu'],
    cancel: ['nē', 'atceļu', 'nevaru', 'nebūšu'],
    reschedule: ['mainīt', 'pārcelt', 'cits laiks'],
    uncertain: true,
  },
  lt: {
    confirm: ['patvirtinti', 'atvyksiu', 'būsiu'],
    cancel: ['ne', 'atšaukiu', 'negaliu', 'neatvyksiu'],
    reschedule: ['keisti', 'perkelti', 'kitas laikas'],
    uncertain: true,
  },
  ar: {
    confirm: ['تأكيد', 'أكد', 'تم', 'سأحضر', 'اوكي'],
    cancel: ['لا', 'إلغاء الموعد', 'الغاء الموعد', 'لن أحضر', 'لا أستطيع'],
    reschedule: ['تغيير', 'تأجيل', 'تعديل', 'موعد آخر', 'وقت آخر'],
    uncertain: true,
  },
  fa: {
    confirm: ['تأیید', 'می آیم', 'باشه'],
    cancel: ['نه', 'خیر', 'کنسل', 'نمی آیم', 'نمی توانم'],
    reschedule: ['تغییر', 'زمان دیگر', 'وقت دیگر'],
    uncertain: true,
  },
  ur: {
    confirm: ['تصدیق', 'ٹھیک ہے'],
    cancel: ['نہیں', 'منسوخ', 'نہیں آ سکتا', 'نہیں آ سکتی'],
    reschedule: ['تبدیل', 'دوسرا وقت'],
    uncertain: true,
  },
  he: {
    confirm: ['אישור', 'אגיע', 'מגיע', 'מגיעה'],
    cancel: ['לא', 'לבטל', 'מבטל', 'מבטלת', 'לא אגיע', 'לא יכול', 'לא יכולה'],
    reschedule: ['לשנות', 'שינוי', 'לדחות', 'מועד אחר', 'זמן אחר'],
    uncertain: true,
  },
  hi: {
    confirm: ['ठीक है', 'पुष्टि', 'haan', 'han', 'ji'],
    cancel: ['नहीं', 'nahi', 'nahin', 'रद्द करें', 'नहीं आ सकता', 'नहीं आ सकती'],
    reschedule: ['बदलें', 'दूसरा समय', 'समय बदलें'],
    uncertain: true,
  },
  bn: {
    confirm: ['নিশ্চিত', 'ঠিক আছে'],
    cancel: ['না', 'বাতিল করুন', 'আসতে পারব না'],
    reschedule: ['পরিবর্তন', 'অন্য সময়'],
    uncertain: true,
  },
  th: {
    confirm: ['คอนเฟิร์ม', 'โอเค', 'ไป'],
    cancel: ['ไม่', 'ยกเลิกนัด', 'ไม่ไป', 'ไปไม่ได้'],
    reschedule: ['เลื่อน', 'เลื่อนนัด', 'เปลี่ยน', 'เปลี่ยนเวลา'],
    uncertain: true,
  },
  vi: {
    confirm: ['tôi sẽ đến', 'được'],
    cancel: ['không', 'hủy hẹn', 'huỷ hẹn', 'hủy lịch', 'không đến được'],
    reschedule: ['đổi lịch', 'đổi giờ', 'dời', 'hẹn lại'],
    uncertain: true,
  },
  id: {
    confirm: ['konfirmasi', 'saya datang', 'baik'],
    cancel: ['tidak', 'batalkan', 'tidak bisa', 'tidak datang'],
    reschedule: ['ubah', 'jadwal ulang', 'ganti jadwal', 'waktu lain'],
    uncertain: true,
  },
  ms: {
    confirm: ['sahkan', 'saya datang', 'baik'],
    cancel: ['tidak', 'batalkan', 'tak boleh', 'tidak datang'],
    reschedule: ['tukar', 'ubah', 'masa lain'],
    uncertain: true,
  },
  fil: {
    confirm: ['kumpirma', 'sige', 'pupunta ako'],
    cancel: ['hindi', 'kanselahin', 'hindi ako pupunta', 'di ako pupunta'],
    reschedule: ['palitan', 'ibang oras', 'ibang araw', 'ilipat'],
    uncertain: true,
  },
  sw: {
    confirm: ['thibitisha', 'sawa', 'nitakuja'],
    cancel: ['hapana', 'ghairi', 'sitakuja', 'siwezi'],
    reschedule: ['badilisha', 'ahirisha', 'muda mwingine'],
    uncertain: true,
  },
  zh: {
    confirm: ['好', '好的', '可以', '准时到', '準時到', '确定', '確定'],
    cancel: ['不', '否', '不来', '不來', '不去了', '取消预约', '取消預約', '来不了', '來不了'],
    reschedule: ['改期', '改时间', '改時間', '延期', '更改', '改约', '改約'],
  },
  ja: {
    confirm: ['了解', '確認しました', '行きます', '伺います'],
    cancel: ['いいえ', 'キャンセル', '行けません', '欠席'],
    reschedule: ['変更', '日程変更', '別の日', '延期'],
    uncertain: true,
  },
  ko: {
    confirm: ['확인했습니다', '갈게요', '가겠습니다', '넵'],
    cancel: ['아니요', '아니오', '취소', '취소할게요', '못 가요'],
    reschedule: ['변경', '일정 변경', '시간 변경', '연기'],
    uncertain: true,
  },
};

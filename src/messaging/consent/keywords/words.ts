/** Replies of one word, or a few, that mean one thing. Written as people type them; compared as `normalizeReply` leaves them. */
export interface Words {
  stop: readonly string[];
  /** Takes a STOP back. */
  start: readonly string[];
  help: readonly string[];
  /** Confirms what was asked for; says nothing on its own. */
  yes: readonly string[];
  /** No carrier's list has these; they are our translation. */
  uncertain?: true;
}

/**
 * By language. English: 47 CFR 64.1200(a)(10) names stop, quit, end, revoke, opt out, cancel and unsubscribe; CTIA, AWS
 * and Twilio add stopall, remove, optout, unstop, help, info. `arret`: Twilio's and AWS' lists; `td`, from 退订: AWS'.
 */
export const WORDS: Readonly<Record<string, Words>> = {
  en: {
    stop: [
      'stop',
      'stopall',
      'stop all',
      'unsubscribe',
      'cancel',
      'end',
      'quit',
      'revoke',
      'opt out',
      'optout',
      'remove',
    ],
    start: ['start', 'unstop', 'opt in', 'optin', 'resume', 'subscribe'],
    help: ['help', 'info'],
    yes: ['yes', 'y', 'confirm', 'ok', 'okay'],
  },
  fr: {
    stop: [
      'stop',
      'arrêt',
      'arrêter',
      'arrêtez',
      'arrett',
      'arrete',
      'désabonner',
      'désabonnement',
      'désinscription',
      'désinscrire',
    ],
    start: ['reprendre', 'réabonner', 'réabonnement'],
    help: ['aide'],
    yes: ['oui', 'je confirme'],
  },
  es: {
    stop: ['baja', 'alto', 'parar', 'pare', 'detener', 'cancelar', 'darme de baja', 'dar de baja'],
    start: ['alta', 'reanudar', 'empezar'],
    help: ['ayuda'],
    yes: ['sí', 'confirmo'],
  },
  pt: {
    stop: ['parar', 'pare', 'sair', 'cancelar', 'remover', 'descadastrar', 'anular'],
    start: ['começar', 'retomar', 'voltar'],
    help: ['ajuda'],
    yes: ['sim', 'confirmo'],
  },
  it: {
    stop: ['ferma', 'fermare', 'basta', 'disiscrivi', 'disiscrivimi', 'annulla', 'cancellami'],
    start: ['riprendi', 'riattiva', 'inizia'],
    help: ['aiuto'],
    yes: ['sì', 'confermo'],
  },
  de: {
    stop: ['stopp', 'abmelden', 'abbestellen', 'austragen', 'ende', 'kündigen', 'aufhören'],
    start: ['anmelden', 'weiter'],
    help: ['hilfe'],
    yes: ['ja', 'bestätigen'],
  },
  nl: {
    stop: ['stoppen', 'afmelden', 'uitschrijven', 'uit', 'einde'],
    start: ['aanmelden', 'hervatten'],
    help: ['hulp'],
    yes: ['ja', 'bevestig'],
  },
  ca: {
    stop: ['atura', 'aturar', 'baixa'],
    start: ['reprèn'],
    help: ['ajut'],
    yes: ['d acord', 'confirmo'],
    uncertain: true,
  },
  sv: {
    stop: ['stopp', 'stoppa', 'avsluta', 'avregistrera', 'slut'],
    start: ['starta', 'fortsätt'],
    help: ['hjälp'],
    yes: ['ja', 'bekräfta'],
  },
  da: {
    stop: ['stop', 'afmeld', 'frameld', 'slut'],
    start: ['tilmeld', 'genoptag'],
    help: ['hjælp'],
    yes: ['ja', 'bekræft'],
  },
  nb: {
    stop: ['stopp', 'stans', 'avslutt', 'slutt', 'meld av'],
    start: ['gjenoppta', 'meld på'],
    help: ['hjelp'],
    yes: ['ja', 'bekreft'],
  },
  fi: {
    stop: ['seis', 'lopeta', 'peruuta', 'peru'],
    start: ['aloita', 'jatka'],
    help: ['apua', 'ohje'],
    yes: ['kyllä', 'vahvista'],
    uncertain: true,
  },
  is: {
    stop: ['stöðva', 'hætta', 'afskrá'],
    start: ['byrja'],
    help: ['hjálp'],
    yes: ['já', 'staðfesta'],
    uncertain: true,
  },
  pl: {
    stop: ['stop', 'koniec', 'rezygnuję', 'rezygnacja', 'wypisz', 'anuluj', 'wyłącz'],
    start: ['wznów', 'zapisz'],
    help: ['pomoc'],
    yes: ['tak', 'potwierdzam'],
  },
  cs: {
    stop: ['konec', 'zrušit', 'odhlásit', 'ukončit'],
    start: ['obnovit', 'přihlásit'],
    help: ['pomoc'],
    yes: ['ano', 'potvrzuji'],
    uncertain: true,
  },
  sk: {
    stop: ['koniec', 'zrušiť', 'odhlásiť', 'ukončiť'],
    start: ['obnoviť', 'prihlásiť'],
    help: ['pomoc'],
    yes: ['áno', 'potvrdzujem'],
    uncertain: true,
  },
  hu: {
    stop: ['állj', 'leiratkozás', 'leiratkozom', 'leállít', 'lemondás'],
    start: ['feliratkozás', 'feliratkozom'],
    help: ['segítség', 'súgó'],
    yes: ['igen', 'megerősítem'],
    uncertain: true,
  },
  ro: {
    stop: ['oprește', 'opriți', 'dezabonare', 'dezabonează', 'anulează', 'renunț'],
    start: ['reabonare', 'pornește'],
    help: ['ajutor'],
    yes: ['da', 'confirm'],
    uncertain: true,
  },
  bg: {
    stop: ['стоп', 'спри', 'отказ', 'край', 'отпиши'],
    start: ['старт', 'абонирай'],
    help: ['помощ'],
    yes: ['да', 'потвърждавам'],
    uncertain: true,
  },
  el: {
    stop: ['στοπ', 'διακοπή', 'σταμάτα', 'τέλος', 'διαγραφή', 'stamata', 'diakopi'],
    start: ['έναρξη', 'εγγραφή'],
    help: ['βοήθεια'],
    yes: ['ναι', 'nai', 'επιβεβαιώνω'],
    uncertain: true,
  },
  tr: {
    stop: ['dur', 'durdur', 'iptal', 'ret', 'red', 'çık', 'son'],
    start: ['başla', 'başlat', 'abone'],
    help: ['yardım'],
    yes: ['evet', 'onay', 'onaylıyorum'],
    uncertain: true,
  },
  ru: {
    stop: ['стоп', 'отписка', 'отписаться', 'отпишите', 'отмена', 'прекратить', 'хватит'],
    start: ['старт', 'начать', 'подписаться'],
    help: ['помощь', 'справка'],
    yes: ['да', 'подтверждаю'],
    uncertain: true,
  },
  uk: {
    stop: ['стоп', 'відписка', 'відписатися', 'скасувати', 'припинити', 'досить'],
    start: ['старт', 'почати', 'підписатися'],
    help: ['допомога', 'довідка'],
    yes: ['так', 'підтверджую'],
    uncertain: true,
  },
  sr: {
    stop: ['стоп', 'одјава', 'прекини', 'odjava', 'prekini', 'zaustavi'],
    start: ['пријава', 'настави', 'prijava', 'nastavi'],
    help: ['помоћ', 'pomoć'],
    yes: ['да', 'da', 'потврђујем', 'potvrđujem'],
    uncertain: true,
  },
  hr: {
    stop: ['odjava', 'prekini', 'zaustavi', 'kraj'],
    start: ['prijava', 'nastavi'],
    help: ['pomoć'],
    yes: ['da', 'potvrđujem'],
    uncertain: true,
  },
  sl: {
    stop: ['odjava', 'prekliči', 'ustavi', 'konec'],
    start: ['prijava', 'nadaljuj'],
    help: ['pomoč'],
    yes: ['da', 'potrjujem'],
    uncertain: true,
  },
  et: {
    stop: ['stopp', 'lõpeta', 'peata', 'loobu', 'tühista'],
    start: ['alusta', 'jätka'],
    help: ['abi'],
    yes: ['jah', 'kinnitan'],
    uncertain: true,
  },
  lv: {
    stop: ['apturēt', 'beigt', 'atteikties', 'atcelt'],
    start: ['sākt', 'atsākt'],
    help: ['palīdzība'],
    yes: ['jā', 'apstiprinu'],
    uncertain: true,
  },
  lt: {
    stop: ['stabdyti', 'baigti', 'atsisakau', 'atšaukti'],
    start: ['pradėti', 'tęsti'],
    help: ['pagalba'],
    yes: ['taip', 'patvirtinu'],
    uncertain: true,
  },
  ar: {
    stop: ['توقف', 'أوقف', 'ايقاف', 'إيقاف', 'إلغاء', 'الغاء', 'قف', 'إلغاء الاشتراك'],
    start: ['ابدأ', 'اشتراك', 'استئناف'],
    help: ['مساعدة'],
    yes: ['نعم', 'موافق', 'أؤكد'],
    uncertain: true,
  },
  fa: {
    stop: ['توقف', 'لغو', 'انصراف'],
    start: ['شروع', 'ادامه'],
    help: ['راهنما', 'کمک'],
    yes: ['بله', 'تایید'],
    uncertain: true,
  },
  ur: {
    stop: ['بند کرو', 'بند کریں', 'روکیں'],
    start: ['شروع کریں'],
    help: ['مدد'],
    yes: ['ہاں', 'جی ہاں'],
    uncertain: true,
  },
  he: {
    stop: ['הסר', 'הסרה', 'עצור', 'הפסק', 'די', 'ביטול', 'להסיר'],
    start: ['התחל', 'הצטרף'],
    help: ['עזרה'],
    yes: ['כן', 'מאשר', 'מאשרת'],
    uncertain: true,
  },
  hi: {
    stop: ['रोकें', 'रोको', 'बंद करो', 'बंद करें', 'बंद', 'रद्द'],
    start: ['शुरू', 'शुरू करें'],
    help: ['मदद', 'सहायता'],
    yes: ['हाँ', 'हां'],
    uncertain: true,
  },
  bn: {
    stop: ['বন্ধ', 'বন্ধ করুন', 'থামুন', 'বাতিল'],
    start: ['শুরু', 'শুরু করুন'],
    help: ['সাহায্য'],
    yes: ['হ্যাঁ'],
    uncertain: true,
  },
  th: {
    stop: ['หยุด', 'ยกเลิก', 'เลิก'],
    start: ['เริ่ม', 'สมัคร'],
    help: ['ช่วยเหลือ'],
    yes: ['ใช่', 'ยืนยัน', 'ตกลง'],
    uncertain: true,
  },
  vi: {
    stop: ['dừng', 'ngừng', 'hủy', 'huỷ', 'tắt', 'từ chối'],
    start: ['bắt đầu', 'đăng ký', 'tiếp tục'],
    help: ['trợ giúp', 'giúp'],
    yes: ['có', 'đồng ý', 'xác nhận'],
    uncertain: true,
  },
  id: {
    stop: ['berhenti', 'batal', 'hentikan', 'keluar'],
    start: ['mulai', 'lanjut'],
    help: ['bantuan'],
    yes: ['ya', 'setuju'],
    uncertain: true,
  },
  ms: {
    stop: ['berhenti', 'batal', 'henti'],
    start: ['mula', 'sambung'],
    help: ['bantuan'],
    yes: ['ya', 'setuju'],
    uncertain: true,
  },
  fil: {
    stop: ['tigil', 'itigil', 'hinto', 'ihinto'],
    start: ['simula', 'magsimula'],
    help: ['tulong'],
    yes: ['oo', 'opo'],
    uncertain: true,
  },
  sw: {
    stop: ['acha', 'simamisha', 'sitisha', 'ondoa'],
    start: ['anza', 'endelea'],
    help: ['msaada'],
    yes: ['ndiyo'],
    uncertain: true,
  },
  zh: {
    stop: ['退订', '退訂', 'td', '停止', '取消', '取消订阅', '取消訂閱', '拒收'],
    start: ['订阅', '訂閱', '开始', '開始', '恢复', '恢復'],
    help: ['帮助', '幫助'],
    yes: ['是', '确认', '確認', '同意'],
  },
  ja: {
    stop: ['停止', '配信停止', '解除', 'ストップ', 'やめる'],
    start: ['開始', '再開', '登録'],
    help: ['ヘルプ'],
    yes: ['はい', '確認'],
    uncertain: true,
  },
  ko: {
    stop: ['수신거부', '수신 거부', '중지', '정지', '거부', '해지'],
    start: ['시작', '수신동의'],
    help: ['도움말', '도움'],
    yes: ['네', '예', '동의', '확인'],
    uncertain: true,
  },
};

/** What means STOP in one country only: elsewhere it may mean anything. China: 回T退订, 回复R拒收. */
export const COUNTRY_STOPS: Readonly<Record<string, readonly string[]>> = {
  CN: ['t', 'r', 'n', 'qx', '0000'],
  TW: ['n'],
};

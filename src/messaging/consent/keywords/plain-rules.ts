/**
 * Sentences that take consent back. A rule is words in order: `|` parts alternatives, `*` ends a beginning, `...` is up to
 * four words; between any two words one more may stand. Under 47 CFR 64.1200(a)(10) any reasonable wording counts; what
 * only probably means it stops messages too, and waits for somebody to look. Sentences are read one by one. The rules are
 * ours; no list of a carrier or an authority is behind them.
 */
export interface PlainRules {
  certain: readonly string[];
  probable: readonly string[];
  /** What looks like it and is not: nothing may stand between these words. */
  not: readonly string[];
}

export const PLAIN_RULES: Readonly<Record<string, PlainRules>> = {
  en: {
    certain: [
      'stop|quit|cease ... text*|messag*|msg*|sms*|contact*|send*|call*|email*|spam*|advertis*',
      'do not|dont|never text*|messag*|msg*|sms|contact|send|call|email',
      'dont|never text*|messag*|msg*|sms|contact|send|call|email',
      'no more ... text*|messag*|msg*|sms*|call*|email*',
      'remove|take|delete ... me|my|number ... off|from|list|number|contacts|database',
      'remove me',
      'opt ... out',
      'unsubscribe|unsub',
      'dont|not want|wish ... receive|get|hear ... messag*|text*|sms*|from|anymore',
      'revoke|withdraw ... consent|permission',
    ],
    probable: [
      'leave ... alone',
      'lose my number',
      'not interested',
      'go away',
      'harass*',
      'enough ... messag*|text*',
      'wrong number',
    ],
    not: [
      'dont|not|cant|cannot|never|wont stop',
      'unable to stop',
      'stop by|at|in|over|for',
      'bus|next|non|truck stop',
    ],
  },
  fr: {
    certain: [
      'arret*|cess*|stop* ... sms|messag*|texto*|envoy*|appel*|contact*|pub*|spam*|mail*',
      'ne|n ... plus ... recevoir|envoy*|contact*|appel*|ecri*',
      'veux|voudrais|souhait*|desir* plus ... sms|messag*|texto*|appel*|pub*',
      'desabonn*|desinscri*',
      'retir*|enlev*|supprim* ... list*|numero|fichier|coordonnees',
      'plus aucun ... sms|messag*|texto*|appel*',
    ],
    probable: [
      'laiss* ... tranquille',
      'ne|n ... plus ... sms|messag*|texto*|pub*',
      'plus de ... sms|messag*|texto*|pub*',
      'ca suffit',
      'pas interess*',
      'marre',
    ],
    not: ['n|ne arret*', 'pas arret*', 'sans arret', 'arret de bus|tram|metro'],
  },
  es: {
    certain: [
      'dejar|deja|deje|dejen|para|pare|paren|parar|cese|cesen de ... envi*|mand*|mensaj*|sms|llam*|escrib*|molest*|contact*',
      'no ... quiero|deseo ... recib*|mensaj*|sms|llamad*|publicidad',
      'no me envi*|mand*|escrib*|llam*|contact*|molest*',
      'no mas mensaj*|sms|llamad*|publicidad',
      'dar*|deme|dame ... de baja',
      'quit*|elimin*|borr* ... list*|numero|contacto*',
      'cancel* ... suscripcion',
    ],
    probable: ['dej* ... en paz', 'no me interesa', 'basta', 'numero equivocado'],
    not: ['no dej*', 'no par*'],
  },
  pt: {
    certain: [
      'pare|parem|parar|deixe|deixem ... enviar|mandar|mensag*|sms|ligar|contactar',
      'nao ... quero|desejo ... receber|mensag*|sms|ligac*|publicidade',
      'nao ... envi*|mand*|lig*|contact* ... mais|mensag*|sms',
      'descadastr*|desinscrev*',
      'remov*|retir*|tire*|exclu* ... list*|numero|contato*|cadastro',
      'cancel* ... inscricao|assinatura|subscricao',
    ],
    probable: ['deix* ... em paz', 'nao ... interess*', 'chega|basta', 'numero errado'],
    not: ['nao pare*', 'nao deixe*'],
  },
  it: {
    certain: [
      'smett*|piant*|basta|stop ... messagg*|sms|mandar*|inviar*|scriver*|chiamar*|pubblicita|contatt*',
      'non ... voglio|desidero ... ricevere|messagg*|sms|pubblicita|chiamate',
      'non ... mandat*|inviat*|scrivet*|contattat*|chiamat* ... piu|messagg*|sms',
      'disiscri*',
      'cancell*|rimuov*|togli* ... list*|numero|rubrica',
    ],
    probable: ['lasciat* ... in pace', 'non ... interess*', 'numero sbagliato'],
    not: ['non smett*'],
  },
  de: {
    certain: [
      'keine ... sms|nachricht*|werbung|anruf*|mails ... mehr',
      'will|mochte|moechte|wunsche ... keine|nicht ... sms|nachricht*|werbung|anruf*|kontaktiert',
      'hor*|hoer* ... auf ... sms|nachricht*|schreiben|schicken|senden|anzurufen',
      'abmeld*|austragen|abbestell*',
      'nicht mehr ... schreib*|schick*|send*|anruf*|kontaktier*',
      'stopp*|stop|beend* ... sms|nachricht*|werbung|anruf*',
      'losch*|loesch*|streich*|entfern* ... nummer|daten|liste|verteiler',
      'widerruf* ... einwilligung|zustimmung',
    ],
    probable: ['lass* ... ruhe', 'kein interesse', 'hor*|hoer* ... auf', 'keine ... werbung', 'falsche nummer'],
    not: ['nicht aufhor*|aufhoer*', 'nicht abmeld*'],
  },
  nl: {
    certain: [
      'stop* ... sms*|bericht*|sturen|bellen|mail*|reclame|appen',
      'geen ... bericht*|sms*|reclame ... meer',
      'wil ... geen ... bericht*|sms*|reclame',
      'uitschrijv*|afmeld*',
      'schrijf|meld me|mij uit|af',
      'niet meer ... sturen|bellen|sms*|contact*|appen',
      'verwijder*|haal ... nummer|lijst|bestand',
    ],
    probable: ['laat ... met rust', 'geen interesse', 'verkeerd nummer'],
    not: ['niet stop*', 'niet uitschrijv*|afmeld*'],
  },
  sv: {
    certain: [
      'sluta ... skicka|sms*|messa|meddelande*|ringa',
      'inga fler ... sms|meddelande*',
      'vill inte ... sms|meddelande*|reklam',
      'ta bort ... nummer|mig',
      'avregistrera',
    ],
    probable: ['lamna mig ifred', 'inte intresserad'],
    not: ['sluta inte', 'inte sluta'],
  },
  da: {
    certain: [
      'stop* ... sms*|besked*|send*|ring*',
      'ikke flere ... sms*|besked*',
      'ingen ... sms*|besked* ... mere',
      'slet ... nummer',
      'afmeld|frameld mig',
    ],
    probable: ['lad mig vaere', 'ikke interesseret'],
    not: ['ikke stop*'],
  },
  pl: {
    certain: [
      'nie ... wysyl*|przysyl*|pisz*|dzwon* ... wiecej|sms*|wiadomosc*',
      'przestan* ... wysyl*|przysyl*|pisac|dzwonic|sms*',
      'nie chce ... sms*|wiadomosc*|reklam*',
      'wypis* mnie',
      'usun* ... numer',
    ],
    probable: ['dajcie ... spokoj', 'nie jestem zainteresowan*'],
    not: [],
  },
};

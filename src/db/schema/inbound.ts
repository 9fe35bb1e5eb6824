type Mode = 'live' | 'test';

export interface InboundMessageTable {
  id: string;
  provider: string;
  provider_id: string;
  /** Null when no project owns the number. */
  project_id: string | null;
  mode: Mode;
  channel: string;
  sender: string;
  sender_hash: string;
  recipient: string;
  text: string;
  at: number | null;
  received_at: number;
  /** Among those of one report. */
  place: number;
  /** When it is looked at; null: nothing more is done about it. */
  due_at: number | null;
  /** Looks that failed. */
  tries: number;
  /** When STOP and the like were acted upon. */
  consent_at: number | null;
  handled_at: number | null;
  /** The handler that took it. */
  handled_by: string | null;
  /** Why nothing was done about it, or no answer sent. */
  reason: string | null;
  /** Answers that the service gave by itself. */
  replies: number;
  conversation_id: string | null;
}

export interface NumberTable {
  /** As senderKey writes it. */
  number_key: string;
  number: string;
  project_id: string;
  mode: Mode;
  created_at: number;
}

export interface KeywordTable {
  id: string;
  project_id: string;
  mode: Mode;
  /** Null: all. */
  number: string | null;
  /** JSON array, as given. */
  words: string;
  match: 'exact' | 'first';
  /** JSON of KeywordAction. */
  action: string;
  created_at: number;
  updated_at: number;
}

export interface KeywordWordTable {
  project_id: string;
  mode: Mode;
  /** Empty: all numbers. */
  number_key: string;
  /** As normalizeReply writes it; empty: whatever is written. */
  word: string;
  keyword_id: string;
}

export interface SurveyResponseTable {
  id: string;
  project_id: string;
  mode: Mode;
  keyword_id: string;
  channel: string;
  address_hash: string;
  address: string;
  address_masked: string;
  /** Ours. */
  number: string;
  number_key: string;
  status: 'running' | 'completed' | 'expired' | 'abandoned';
  /** JSON of Survey. */
  survey: string;
  /** JSON array of texts, one for each question that was answered. */
  answers: string;
  /** Answers in a row that did not fit the question. */
  misses: number;
  /** When nobody waits for an answer any more; null: it has ended. */
  due_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface ConversationTable {
  id: string;
  project_id: string;
  mode: Mode;
  channel: string;
  address_hash: string;
  address: string;
  address_masked: string;
  /** Ours. */
  number: string;
  number_key: string;
  status: 'open' | 'closed';
  /** As the app names its agents. */
  assignee: string | null;
  unread: number;
  last_inbound_at: number;
  last_at: number;
  created_at: number;
  updated_at: number;
}

export interface InboundSchema {
  inbound_messages: InboundMessageTable;
  numbers: NumberTable;
  keywords: KeywordTable;
  keyword_words: KeywordWordTable;
  survey_responses: SurveyResponseTable;
  conversations: ConversationTable;
}

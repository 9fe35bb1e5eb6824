/** What is sent, as it is kept with the message. */
export interface MessageContent {
  text: string;
  subject?: string;
  /** Characters that cost segments are written by like ones. */
  smartEncoding?: boolean;
}

export function readContent(json: string | null): MessageContent {
  return json === null ? { text: '' } : (JSON.parse(json) as MessageContent);
}

/** What a receipt says in its text (SMPP 3.4 appendix B, which calls the format vendor specific). */
export interface ReceiptText {
  id?: string;
  state?: string;
  error?: string;
  /** `YYMMDDhhmm`, with seconds or with the century too. */
  doneDate?: string;
}

/** Members in any order and case, some missing. `text:` quotes the message and must not be taken for members. */
export function parseReceiptText(text: string): ReceiptText {
  const members = text.split(/\btext:/i, 1)[0] ?? '';
  return {
    ...member('id', /\bid:\s*([^\s:]{1,65})(?!\S)/i.exec(members)),
    ...member('state', /\bstat:\s*([a-z]{1,20})/i.exec(members)),
    ...member('error', /\berr:\s*([\w-]{1,20})/i.exec(members)),
    ...member('doneDate', /\bdone date:\s*(\d{10,14})\b/i.exec(members)),
  };
}

function member<Name extends keyof ReceiptText>(name: Name, match: RegExpExecArray | null): ReceiptText {
  return match?.[1] === undefined ? {} : { [name]: match[1] };
}

/** In the carrier's local time, which only the configuration knows. Null for what is no time. */
export function parseReceiptDate(date: string, utcOffsetMinutes: number): number | null {
  const full = date.length === 14 ? date : `20${date}`;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/.exec(full);
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second) - utcOffsetMinutes * 60_000;
}

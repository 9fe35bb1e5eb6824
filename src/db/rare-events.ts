/** What every verification and message brings: of each page of events there are some. */
const COMMON = [
  'verification.created',
  'verification.sent',
  'verification.delivered',
  'verification.approved',
  'message.accepted',
  'message.sent',
  'message.delivered',
];

export const isRare = (type: string) => !COMMON.includes(type);

/** An index over all others finds those of one type among millions. A query must say this, in these words. */
export const RARE_EVENTS = `type not in (${COMMON.map((type) => `'${type}'`).join(', ')})`;

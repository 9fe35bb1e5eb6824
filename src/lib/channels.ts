export const CHANNELS = ['sms', 'voice', 'email', 'whatsapp', 'telegram'] as const;
export type Channel = (typeof CHANNELS)[number];

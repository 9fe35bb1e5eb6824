import { randomBytes } from 'node:crypto';

export const newSecret = (mode: 'live' | 'test') => `cs_${mode}_${randomBytes(24).toString('base64url')}`;

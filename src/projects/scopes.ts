export { SCOPES, type Scope } from '../lib/auth.ts';

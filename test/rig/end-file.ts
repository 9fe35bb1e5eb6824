import { afterAll } from 'vitest';
import { endFile } from './file-end.ts';

// First in, last out: the file's own hooks come before.
afterAll(endFile);

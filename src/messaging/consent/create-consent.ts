import type { Database } from '../../db/open.ts';
import type { Consent } from '../../delivery/messages/gate.ts';
import type { Now } from '../../lib/clock.ts';
import { createCodeGate } from './code-gate.ts';
import { createConsentGate } from './gate.ts';
import { createOptOutKeeper } from './keep-opt-outs.ts';

/** What delivery is handed. */
export function createConsent(db: Database, now: Now): Consent {
  const gate = createConsentGate(db);
  const codes = createCodeGate(db, gate, now);
  const keep = createOptOutKeeper(db);
  return {
    gate,
    codeGate: codes.gate,
    keepOptOuts(optOuts, at) {
      if (optOuts.some(({ by }) => by === 'carrier')) codes.expect();
      return keep(optOuts, at);
    },
  };
}

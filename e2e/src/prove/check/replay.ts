import { services } from '@waybill/contracts';
import { Findings } from './findings.js';
import type { RecordIndex } from './record-index.js';
import type { Verdict } from './verdict.js';

/**
 * I11. Every topic read again from its beginning changes nothing: each service's business tables have the same hash before
 * and after.
 */
export function checkReplay({ record: { replay } }: RecordIndex): Verdict {
  const findings = new Findings('I11', 'a replay of everything changes nothing');
  if (replay === undefined) {
    findings.remark('nothing was replayed');
    return findings.verdict();
  }
  for (const service of services) {
    findings.look();
    const { before, after } = replay[service];
    if (before !== after) {
      findings.violate(null, `the tables of ${service} were ${before} before the replay, and are ${after} after it`);
    }
  }
  return findings.verdict();
}

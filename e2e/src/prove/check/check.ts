import type { RunRecord } from '../record.js';
import { checkAccount } from './account.js';
import { checkAcknowledgedCommands } from './acknowledged-commands.js';
import { checkAnswers } from './answers.js';
import { checkCommittedOffsets } from './committed-offsets.js';
import { checkCompensations } from './compensations.js';
import { checkConservation } from './conservation.js';
import { checkEffectsOnce } from './effects-once.js';
import { checkFinalStates } from './final-states.js';
import { checkGhosts } from './ghosts.js';
import { checkOrderOfEffects } from './order-of-effects.js';
import { indexOf, type RecordIndex } from './record-index.js';
import { checkReplay } from './replay.js';
import { checkRollingRestart } from './rolling-restart.js';
import { type Invariant, invariants, type Verdict } from './verdict.js';
import { checkZombies } from './zombies.js';

const checks: Readonly<Record<Invariant, (index: RecordIndex) => Verdict>> = {
  I1: checkAcknowledgedCommands,
  I2: checkEffectsOnce,
  I3: checkGhosts,
  I4: checkZombies,
  I5: checkOrderOfEffects,
  I6: checkCommittedOffsets,
  I7: checkAccount,
  I8: checkConservation,
  I9: checkFinalStates,
  I10: checkCompensations,
  I11: checkReplay,
  I12: checkAnswers,
  I13: checkRollingRestart,
};

/** What the record says of each invariant, in the order of `invariants`. Pure: the same record gives the same verdicts. */
export function check(record: RunRecord): Verdict[] {
  const index = indexOf(record);
  return invariants.map((invariant) => checks[invariant](index));
}

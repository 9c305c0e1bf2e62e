/** What must be among the points, whoever renames a file: a survey that found too little would prove too little. */
const parts: readonly (readonly [string, RegExp])[] = [
  ['outbox: the insert', /outbox\/\S+ append: INSERT INTO outbox$/],
  ['relay: the read and the delete', /: WITH DELETE FROM outbox$/],
  ['relay: the leases', /: WITH INSERT INTO outbox_relays$/],
  ['relay: produce', /: sendBatch$/],
  ['consumer: the effect', /consumer > (orders|inventory|shipping)\//],
  ['consumer: COMMIT', /idempotent-consumer \w+: COMMIT$/],
  ['consumer: offset commit', /: commitOffsets$/],
  ['inbox: the dedup row', /: INSERT INTO inbox$/],
  ['parking: into it', /: INSERT INTO parked$/],
  ['parking: out of it', /: DELETE FROM parked$/],
  ['parking: COMMIT', /retry-worker \w+: COMMIT$/],
  ['deadline timer: COMMIT', /deadline-timer \w+: COMMIT$/],
  ['carrier worker: the lease', /leaseShipments: /],
  ['carrier worker: the label', /: POST labels$/],
  ['carrier worker: its deletion', /: DELETE labels$/],
  ['carrier worker: COMMIT', /carrier-worker.*: COMMIT$/],
  ['HTTP: COMMIT', /controller place: COMMIT$/],
  ['shutdown: the phases', /^shutdown: database, /],
];

/** What no point was found of. */
export function missingParts(names: readonly string[]): readonly string[] {
  return parts.filter(([, pattern]) => !names.some((name) => pattern.test(name))).map(([part]) => part);
}

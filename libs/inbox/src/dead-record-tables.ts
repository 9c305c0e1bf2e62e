/** For a migration of the service after the one with `parkingTables`: dead records are removed when they are old. */
export const deadRecordTables: readonly string[] = [
  // What the cleaner asks for, the oldest first: one bad producer can fill this table.
  `CREATE INDEX dead_records_at ON dead_records (consumer, at)`,
];

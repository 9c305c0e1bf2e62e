/*
 * What the checker costs: writes a record of so many orders, reads it back in a process of its own, and checks it.
 *
 *   node e2e/dist/prove/check/measure.js 100000
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRecord, writeRecord } from '../record-file.js';
import { check } from './check.js';
import { validHistory } from './valid-history.js';

const [first = '100000', path] = process.argv.slice(2);

if (first === 'check' && path !== undefined) {
  const startedAt = performance.now();
  const record = await readRecord(path);
  const readAt = performance.now();
  const verdicts = check(record);
  const doneAt = performance.now();
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const rows = record.ledger.length + record.handled.length + record.changes.length + record.records.length + record.requests.length;
  console.log(`${rows} rows of ${record.orders.length} orders: read in ${seconds(readAt - startedAt)}, checked in ${seconds(doneAt - readAt)}`);
  console.log(`at most ${(process.resourceUsage().maxRSS / 1024 ** 2).toFixed(2)} GiB in memory`);
  console.log(verdicts.map(({ invariant, result, checked }) => `${invariant} ${result} (${checked})`).join(', '));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-measure-'));
  try {
    const file = join(folder, 'record.jsonl.gz');
    await writeRecord(file, validHistory({ seed: 1, orders: Number(first) }));
    console.log(`${(statSync(file).size / 1024 ** 2).toFixed(0)} MiB on disk`);
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'check', file], { stdio: 'inherit' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

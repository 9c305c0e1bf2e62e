import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import { pageOf } from './page.js';

/** Writes `index.html` into the folder, which it makes, and returns its path. */
export async function writeReport(folder: string, record: RunRecord, verdicts: readonly Verdict[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'index.html');
  await writeFile(`${path}.part`, pageOf(record, verdicts));
  await rename(`${path}.part`, path);
  return path;
}

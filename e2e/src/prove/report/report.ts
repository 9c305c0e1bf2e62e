import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import { page } from './page.js';

/** Writes the run as one page that needs nothing else, and answers its path. */
export async function writeReport(folder: string, record: RunRecord, verdicts: readonly Verdict[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'index.html');
  await writeFile(file, page(record, verdicts));
  return file;
}

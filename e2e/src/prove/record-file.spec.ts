import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validHistory } from './check/valid-history.js';
import { readRecord, RecordFileError, writeRecord } from './record-file.js';

describe('the file of a record', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-record-'));
    path = join(folder, 'record.jsonl.gz');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['with trouble', 1],
    ['without a planted record', 0],
  ])('gives back what was written, %s', async (_name, trouble) => {
    const record = validHistory({ seed: 5, orders: 200, trouble });
    await writeRecord(path, record);
    expect(await readRecord(path)).toEqual(record);
  });

  it('gives back a record of a run that was not replayed', async () => {
    const { replay, ...record } = validHistory({ seed: 6, orders: 5 });
    expect(replay).toBeDefined();
    await writeRecord(path, record);
    expect(await readRecord(path)).toEqual(record);
  });

  it('gives back letters of more than one byte, wherever a chunk ends', async () => {
    const record = validHistory({ seed: 7, orders: 3 });
    const detail = 'Bücher für Łódź 📦 '.repeat(40_000);
    const written = { ...record, faults: [{ kind: 'kill', target: 'kafka', detail, startMs: 0, endMs: 1, recoveredMs: null }] };
    await writeRecord(path, written);
    expect(await readRecord(path)).toEqual(written);
  });

  it('is a line a row', async () => {
    await writeRecord(path, validHistory({ seed: 5, orders: 2 }));
    const lines = gunzipSync(await readFile(path)).toString().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^\["run",\{"seed":5,/);
    expect(lines.filter((line) => line.startsWith('["orders",'))).toHaveLength(2);
    expect(lines.at(-1)).toBe('["end",null]');
  });

  it('is refused where it was cut off, in the middle of the compression or between two lines', async () => {
    await writeRecord(path, validHistory({ seed: 5, orders: 20 }));
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length / 2));
    await expect(readRecord(path)).rejects.toThrow(RecordFileError);
    await writeFile(path, gzipSync(gunzipSync(whole).toString().replace('["end",null]\n', '')));
    await expect(readRecord(path)).rejects.toThrow('ends before the record does');
  });

  it('is refused where it is something else', async () => {
    await writeFile(path, gzipSync('{"ledger":1}\n'));
    await expect(readRecord(path)).rejects.toThrow('line 1 should be ["ledger", {...}]');
    await writeFile(path, gzipSync('what?\n'));
    await expect(readRecord(path)).rejects.toThrow('line 1 is not JSON');
    await writeFile(path, 'no gzip');
    await expect(readRecord(path)).rejects.toThrow(RecordFileError);
  });
});

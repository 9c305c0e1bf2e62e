import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
  path = join(folder, 'logs', 'orders.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a log file', () => {
  it('is followed line by line, also where a write ends in the middle of a line or a letter', () => {
    const log = new LogFile(path);
    const lines: string[] = [];
    const unfollow = log.follow((line) => lines.push(line));
    const bytes = Buffer.from('first\nGrüße\n');
    appendFileSync(path, bytes.subarray(0, 9));
    log.read();
    expect(lines).toEqual(['first']);
    appendFileSync(path, bytes.subarray(9));
    unfollow();
    expect(lines).toEqual(['first', 'Grüße']);
  });

  it('keeps what the run before wrote', () => {
    new LogFile(path);
    appendFileSync(path, 'earlier\n');
    new LogFile(path);
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('earlier\n');
  });

  it('is read from its beginning after it was emptied', () => {
    const log = new LogFile(path);
    writeFileSync(path, '');
    const lines: string[] = [];
    log.follow((line) => lines.push(line));
    appendFileSync(path, 'a long first line\n');
    log.read();
    truncateSync(path);
    appendFileSync(path, 'new\n');
    log.read();
    expect(lines).toEqual(['a long first line', 'new']);
  });
});

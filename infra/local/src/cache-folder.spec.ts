import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, isReachableByAll, makeOnce } from './cache-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the cache', () => {
  it('lies in XDG_CACHE_HOME where that is set', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: folder })).toBe(join(folder, 'waybill'));
  });

  it('is made once, whoever comes first', async () => {
    const build = (text: string) => async (draft: string) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      writeFileSync(join(draft, 'text'), text);
    };
    const [one, two] = await Promise.all([
      makeOnce(folder, 'jars', build('one')),
      makeOnce(folder, 'jars', build('two')),
    ]);
    expect(one).toBe(two);
    const text = readFileSync(join(one, 'text'), 'utf8');
    await makeOnce(folder, 'jars', build('three'));
    expect(readFileSync(join(one, 'text'), 'utf8')).toBe(text);
    expect(readdirSync(folder)).toEqual(['jars']);
  });

  it('never holds half of something', async () => {
    const failing = makeOnce(folder, 'jars', async (draft) => {
      writeFileSync(join(draft, 'first.jar'), '');
      throw new Error('the network went away');
    });
    await expect(failing).rejects.toThrow('the network went away');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('reachable by all', () => {
  it('is a folder without a closed one above it', () => {
    expect(isReachableByAll(folder)).toBe(true);
    mkdirSync(join(folder, 'closed', 'open'), { recursive: true });
    chmodSync(join(folder, 'closed'), 0o700);
    expect(isReachableByAll(join(folder, 'closed', 'open'))).toBe(false);
  });
});

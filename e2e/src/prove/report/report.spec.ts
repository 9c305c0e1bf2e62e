import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord } from '../record.js';
import { brokenBy, changesOf, madeUpFault, madeUpRecord, madeUpSample, placed, verdictsWith } from './made-up-record.js';
import { pageOf } from './page.js';
import { writeReport } from './report.js';

const curvesOf = (page: string) => [...page.matchAll(/<path class="curve c\d" d="([^"]*)"/g)].map(([, path]) => path);

describe('the page of a run', () => {
  it.each<[string, RunRecord]>([
    ['nothing at all', madeUpRecord({ run: { loadEndedMs: 0, healedMs: 0, quietMs: null } })],
    ['no samples', madeUpRecord({ orders: placed('a'), faults: [madeUpFault({})] })],
    ['samples that nobody answered', madeUpRecord({ samples: [madeUpSample({ outboxRows: null, lag: null, p50Ms: null, p99Ms: null })] })],
  ])('is whole with %s', (_, record) => {
    const page = pageOf(record, verdictsWith());
    expect(page).toContain('The promise held.');
    expect(page.trim()).toMatch(/<\/html>$/);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('shows one sample as a dot, and a gap as a gap', () => {
    const [accepted] = curvesOf(pageOf(madeUpRecord({ samples: [madeUpSample({ atMs: 5_000, accepted: 5 })] }), verdictsWith()));
    expect(accepted).toMatch(/^M[\d.]+ [\d.]+h0$/);
    const samples = [1, 2, 3, 4].map((second) => madeUpSample({ atMs: second * 1_000, lag: second === 3 ? null : 7 }));
    const lag = curvesOf(pageOf(madeUpRecord({ samples }), verdictsWith()))[5];
    expect(lag).toMatch(/^M[^ML]+L[^ML]+M[^ML]+$/);
  });

  it('asks for nothing from outside', () => {
    const page = pageOf(madeUpRecord({ orders: placed('a'), changes: changesOf('a', 3), faults: [madeUpFault({})] }), verdictsWith());
    expect(page).not.toMatch(/https?:|\bsrc=|\bhref=|url\(|@import/);
  });

  it('lets no text of a run become markup, and no script run but its own', () => {
    const bad = `</script><script>alert(1)</script><img src=x onerror="alert(2)">'`;
    const record = madeUpRecord({
      run: { exhibit: bad, faultKinds: [bad], platform: { node: bad, cpus: 1, commit: bad } },
      orders: [{ id: bad, status: bad, version: 1, reason: bad, lines: [] }],
      faults: [madeUpFault({ kind: bad, target: bad, detail: bad })],
      changes: changesOf(bad, 2),
      parked: [
        {
          ...{ service: 'orders', consumer: bad, source: bad, id: bad, topic: bad, partition: 0, offset: 0, key: bad, type: bad },
          ...{ subject: bad, sequence: 1, state: 'dead', attempts: 3, error: bad },
        },
      ],
    });
    const page = pageOf(record, verdictsWith({ I2: { ...brokenBy('I2', [bad], bad), title: bad, remark: bad } }));
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
    expect(page.match(/<script/g)).toHaveLength(2);
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    expect(page).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  });

  it('shows what broke, with the first few violations, and the failing history', () => {
    const ids = Array.from({ length: 30 }, (_, index) => `order-${index}`);
    const page = pageOf(madeUpRecord({ orders: placed(...ids) }), verdictsWith({ I2: { ...brokenBy('I2', ids), violationCount: 900 } }));
    expect(page).toContain('<h1 class="broken">The promise was broken.</h1>');
    expect(page).toContain('✗ broken');
    expect(page).toContain('<p>900 violations</p>');
    expect(page).toContain('880 are not shown');
    expect(page).toContain('The failing histories');
    expect(page).toContain('breaks I2');
  });

  it('says where a check looked at nothing', () => {
    expect(pageOf(madeUpRecord(), verdictsWith({ I10: { checked: 0 } }))).toContain('this proves nothing');
  });

  it('stays small after 100,000 orders of which many fail', () => {
    const ids = Array.from({ length: 100_000 }, (_, index) => `01a2118a-810c-7e8b-b27d-${String(index).padStart(12, '0')}`);
    const some = ids.slice(0, 1_000);
    const record = madeUpRecord({
      run: { loadEndedMs: 3_300_000, healedMs: 3_310_000, quietMs: 3_320_000 },
      orders: placed(...ids),
      changes: some.flatMap((id) => changesOf(id, 200)),
      samples: Array.from({ length: 10_000 }, (_, index) => madeUpSample({ atMs: index * 330, accepted: index * 10, ended: index * 9, lag: index % 977, p99Ms: Math.sqrt(index) })),
      faults: Array.from({ length: 2_000 }, (_, index) => madeUpFault({ target: `orders-${index % 7}`, startMs: index * 1_600, endMs: index * 1_600 + 900 })),
    });
    const text = 'x'.repeat(5_000);
    const page = pageOf(record, verdictsWith({ I1: brokenBy('I1', some, text), I2: brokenBy('I2', some, text), I9: brokenBy('I9', some, text) }));
    expect(Buffer.byteLength(page)).toBeLessThan(2 * 1024 * 1024);
  }, 30_000);
});

describe('the report', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is one file in a folder that it makes', async () => {
    const path = await writeReport(join(folder, 'prove', '7'), madeUpRecord(), verdictsWith());
    expect(path).toBe(join(folder, 'prove', '7', 'index.html'));
    expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>/);
    expect(await readdir(join(folder, 'prove', '7'))).toEqual(['index.html']);
  });
});

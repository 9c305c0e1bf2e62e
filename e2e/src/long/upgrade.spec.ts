import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderVerdicts } from '../prove/verdict-text.js';
import { combinations } from '../upgrade/combinations.js';
import { runControls } from '../upgrade/controls.js';
import { thisVersion } from '../upgrade/fleet.js';
import { isMatrixProved, proveMatrix } from '../upgrade/matrix.js';
import { previousVersion } from '../upgrade/recipes.js';
import { renderMatrix, renderUpgrade } from '../upgrade/report-text.js';
import { isProved, proveUpgrade } from '../upgrade/upgrade-run.js';
import { buildWorkspace, type WorkspaceBuild } from '../upgrade/workspace-build.js';

/*
 * The short forms: the way forward only, and three combinations. All of it: `npm run prove -- upgrade` and `matrix`.
 */

let previous: WorkspaceBuild;

beforeAll(async () => {
  previous = await buildWorkspace(previousVersion());
});
afterAll(() => previous.remove());

describe('an upgrade from the version before', () => {
  it('with a column renamed under load fails no request, and loses nothing', async () => {
    const report = await proveUpgrade({ previous, perSecond: 100, existing: 5_000, detours: false });
    const told = [renderUpgrade(report), renderVerdicts(report.verdicts)].join('\n');
    expect(isProved(report), told).toBe(true);
    expect(report.load.accepted.length, told).toBeGreaterThan(100);
    expect(report.steps.at(-1)?.columns).toMatchObject({ id: null, unfilled: 0 });
  }, 180_000);

  it('that is made in one go, or does not wait for the old instances, fails requests', async () => {
    const controls = await runControls({ previous });
    expect(controls.map(({ failed }) => failed > 0)).toEqual([true, true]);
  }, 180_000);

  it('has both versions work side by side', async () => {
    const chosen = combinations({ schemas: true }, 'schema shared').filter(({ mix }) => mix.orders === 'both');
    const { rows, verdicts } = await proveMatrix({ older: previous, newer: thisVersion, combinations: chosen, orders: 100 });
    expect(isMatrixProved(rows), [renderMatrix(rows), renderVerdicts(verdicts)].join('\n')).toBe(true);
    expect(rows.length).toBe(3);
  }, 180_000);
});

import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '@waybill/local';
import { afterAll, describe, expect, it } from 'vitest';
import { buildWorkspace } from './workspace-build.js';

const overlay = realpathSync(mkdtempSync(join(tmpdir(), 'waybill-overlay-')));
writeFileSync(join(overlay, 'package.json'), '{}');
writeFileSync(join(overlay, 'vitest.infra.ts'), 'none');
afterAll(() => rmSync(overlay, { recursive: true, force: true }));

const edit = { file: 'libs/contracts/src/versions.ts', from: `'waybill.shipment.dispatched': 1`, to: `'waybill.shipment.dispatched': 2` };

describe('a build of another version', () => {
  it('is a copy, changed as its recipe says, that leaves this tree alone and finds its own libs', async () => {
    const build = await buildWorkspace({ name: 'spec', overlay, without: ['vitest.infra.ts'], edits: [edit], compile: false });
    const read = (file: string) => readFileSync(join(build.folder, file), 'utf8');
    expect(read('package.json')).toBe('{}');
    expect(read('vitest.infra.ts')).not.toBe('none');
    expect(read(edit.file)).toContain(edit.to);
    expect(readFileSync(join(repository, edit.file), 'utf8')).toContain(edit.from);
    expect(realpathSync(join(build.folder, 'node_modules/@waybill/contracts'))).toBe(join(build.folder, 'libs/contracts'));
    expect(existsSync(join(build.folder, 'node_modules/typeorm/package.json'))).toBe(true);
    await build.remove();
    expect(existsSync(build.folder)).toBe(false);
  });

  it('is refused where its recipe has come apart from its base, with the text that is missing', async () => {
    const stale = { ...edit, from: 'a line that somebody has changed' };
    const build = buildWorkspace({ name: 'stale', edits: [stale], compile: false });
    await expect(build).rejects.toThrow(/the build "stale" expects this in libs\/contracts\/src\/versions.ts.*\na line that somebody has changed/);
  });

  it('does not begin with a commit that is not there', async () => {
    const build = buildWorkspace({ name: 'spec', from: 'no-such-commit', compile: false });
    await expect(build).rejects.toThrow(/git says of "no-such-commit"/);
  });
});

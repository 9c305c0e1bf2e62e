import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The peers' programs and their own package.json; no part of the workspace. */
export const peersFolder = new URL('../../../peers/', import.meta.url);

const LAST_WORDS = 2_000;

/** Installs what the lock file there says, if it is not there yet. */
export async function installPeers(say: (line: string) => void): Promise<void> {
  const lock = createHash('sha256').update(readFileSync(new URL('package-lock.json', peersFolder))).digest('hex');
  const stamp = new URL('node_modules/.waybill-installed', peersFolder);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) {
    return;
  }
  say('the peers are installed into e2e/peers, once');
  const started = performance.now();
  const timer = setInterval(() => say(`npm ci (${Math.round((performance.now() - started) / 1_000)} s)`), 10_000);
  try {
    await npmCi();
  } finally {
    clearInterval(timer);
  }
  writeFileSync(stamp, lock);
}

function npmCi(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['ci', '--ignore-scripts'], { cwd: fileURLToPath(peersFolder), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-LAST_WORDS);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(`npm ci in e2e/peers failed (exit code ${code}); it needs the npm registry, or a mirror named in ~/.npmrc:\n${output}`));
      }
    });
  });
}

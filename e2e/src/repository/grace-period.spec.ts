import { describe, expect, it } from 'vitest';
import { read } from './repository.js';

/** The default of a setting, from its line in the generated table. */
function defaultOf(name: string): number {
  const [, value = ''] = new RegExp(`^\\| \`${name}\` \\| \`(\\d+)\` \\|`, 'm').exec(read('docs/configuration.md')) ?? [];
  return Number(value);
}

/** What stands in the anchor `name` of docker-compose.yml, up to the next line that is not indented. */
function anchor(name: string): string {
  return new RegExp(`^x-${name}: &${name}\\n((?: +.*\\n|\\n)+)`, 'm').exec(read('docker-compose.yml'))?.[1] ?? '';
}

describe('the grace period', () => {
  const graceMs = defaultOf('SHUTDOWN_GRACE_MS');

  it('is the same for compose as for the services, and longer than all that they allow themselves', () => {
    const [, seconds = ''] = /^ {2}stop_grace_period: (\d+)s$/m.exec(anchor('service')) ?? [];
    expect(Number(seconds) * 1_000).toBe(graceMs);
    expect(defaultOf('SHUTDOWN_DRAIN_MS') + defaultOf('SHUTDOWN_TIMEOUT_MS') + 2_000).toBeLessThanOrEqual(graceMs);
  });

  it('holds for every service of ours in compose, whose process hears signals', () => {
    const compose = read('docker-compose.yml');
    for (const service of ['orders', 'inventory', 'shipping', 'carrier']) {
      const [, body = ''] = new RegExp(`^ {2}${service}:\\n((?: {4}.*\\n)+)`, 'm').exec(compose) ?? [];
      expect(body, service).toContain('<<: *service');
      expect(body, service).not.toMatch(/SHUTDOWN_|stop_grace_period|stop_signal|init: false/);
    }
    expect(anchor('service')).toContain('<<: *program');
    // Number 1 is an init: a process with that number ignores what it does not listen to.
    expect(anchor('program')).toContain('init: true');
    // The exec form: a shell in between would keep the signal to itself.
    expect(read('infra/docker/Dockerfile')).toMatch(/^CMD \["node", "dist\/main\.js"\]$/m);
  });
});

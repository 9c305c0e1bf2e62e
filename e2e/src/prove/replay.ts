import { createHash } from 'node:crypto';
import { consumers, publishers, type Service, services } from '@waybill/contracts';
import type { Platform } from '../platform.js';
import { waybill } from '../waybill-command.js';
import type { PlatformWatch } from './platform-watch.js';

const tables: Readonly<Record<Service, readonly string[]>> = {
  orders: ['orders', 'order_lines'],
  inventory: ['stock', 'reservations'],
  shipping: ['shipments'],
};

/** Of every column of every row of the service's own tables. */
export async function stateHashes(watch: PlatformWatch): Promise<Record<Service, string>> {
  const hashes = await Promise.all(
    services.map(async (service) => {
      const hash = createHash('sha256');
      for (const table of tables[service]) {
        const [row] = await watch.query<{ hash: string | null }>(
          service,
          `SELECT md5(string_agg(line, E'\\n' ORDER BY line)) AS hash FROM (SELECT t::text AS line FROM ${table} t) lines`,
        );
        hash.update(`${table} ${row?.hash ?? ''}\n`);
      }
      return [service, hash.digest('hex')] as const;
    }),
  );
  return Object.fromEntries(hashes) as Record<Service, string>;
}

/** Has every consumer read each of its topics again from the first record, as an operator would. */
export async function replayEverything(platform: Platform): Promise<void> {
  const wishes = services.flatMap((service) => consumers[service].map((publisher) => ({ service, ...publishers[publisher] })));
  await Promise.all(
    wishes.map(async ({ service, topic }) => {
      const args = ['replay', service, '--topic', topic, '--from-offset', '0', '--reason', 'the prover replays everything'];
      const { exitCode, errors } = await waybill(platform.home, ...args);
      if (exitCode !== 0) {
        throw new Error(`the replay of ${topic} into ${service} should have been done, got exit code ${exitCode}: ${errors}`);
      }
    }),
  );
}

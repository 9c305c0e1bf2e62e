import { type Service, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { customerId } from '../customer.js';
import type { Platform } from '../platform.js';
import { openLoopLoad, type OpenLoopResult } from '../prove/rolling/load.js';
import { RollingProxy } from '../prove/rolling/proxy.js';

export const LOAD_SKU = 'UPGRADE-1';
/** What the load may take at most. */
export const LOAD_STOCK = 10_000_000;

export interface TrafficOptions {
  readonly perSecond: number;
  readonly run: string;
  readonly now: () => number;
}

/**
 * Customers of all three services, at a fixed rate and through proxies that try nothing twice, from `open` to `close`. One
 * page in eight requests is that of a customer: it reads by the column that is renamed.
 */
export class Traffic {
  private readonly ending = new AbortController();
  private readonly load: Promise<OpenLoopResult>;
  private ended: Promise<OpenLoopResult> | undefined;

  static async open(platform: Platform, options: TrafficOptions): Promise<Traffic> {
    const proxies = await Promise.all(
      services.map(async (name) => {
        const instances = platform.urlsOf(name).map((url, index) => ({ name: doorOf(name, index + 1), url }));
        return [name, await RollingProxy.listen({ instances })] as const;
      }),
    );
    return new Traffic(Object.fromEntries(proxies) as Record<Service, RollingProxy>, options);
  }

  private constructor(
    private readonly proxies: Readonly<Record<Service, RollingProxy>>,
    { perSecond, run, now }: TrafficOptions,
  ) {
    this.load = openLoopLoad({
      url: proxies.orders.url,
      inventoryUrl: proxies.inventory.url,
      shippingUrl: proxies.shipping.url,
      perSecond,
      signal: this.ending.signal,
      sku: LOAD_SKU,
      run,
      pagePath: `/orders?customerId=${customerId}&limit=5`,
      now,
    });
  }

  /** Resolves when this instance gets requests again: as long as it gets none, the other one must not be stopped. */
  async reaches(service: Service, instance: number): Promise<void> {
    const door = doorOf(service, instance);
    await until(() => this.proxies[service].isReady(door), { timeoutMs: 30_000, what: `the proxy to send to ${door}` });
  }

  /** Ends it, and waits for the answers that are still to come. May be called again, for the same result. */
  close(): Promise<OpenLoopResult> {
    this.ended ??= this.end();
    return this.ended;
  }

  private async end(): Promise<OpenLoopResult> {
    this.ending.abort();
    const result = await this.load;
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy.close()));
    return result;
  }
}

export function failed({ sent, answered }: Pick<OpenLoopResult, 'sent' | 'answered'>): number {
  return sent - answered;
}

function doorOf(service: Service, instance: number): string {
  return `${service}-${instance}`;
}

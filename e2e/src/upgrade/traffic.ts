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
      (['orders', 'inventory', 'shipping'] as const).map((name) =>
        RollingProxy.listen({ instances: platform.urlsOf(name).map((url, index) => ({ name: `${name}-${index + 1}`, url })) }),
      ),
    );
    return new Traffic(proxies, options);
  }

  private constructor(
    private readonly proxies: readonly RollingProxy[],
    { perSecond, run, now }: TrafficOptions,
  ) {
    const [orders, inventory, shipping] = proxies.map(({ url }) => url);
    this.load = openLoopLoad({
      url: orders ?? '',
      inventoryUrl: inventory ?? '',
      shippingUrl: shipping ?? '',
      perSecond,
      signal: this.ending.signal,
      sku: LOAD_SKU,
      run,
      pagePath: `/orders?customerId=${customerId}&limit=5`,
      now,
    });
  }

  /** Ends it, and waits for the answers that are still to come. May be called again, for the same result. */
  close(): Promise<OpenLoopResult> {
    this.ended ??= this.end();
    return this.ended;
  }

  private async end(): Promise<OpenLoopResult> {
    this.ending.abort();
    const result = await this.load;
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    return result;
  }
}

export function failed({ sent, answered }: Pick<OpenLoopResult, 'sent' | 'answered'>): number {
  return sent - answered;
}

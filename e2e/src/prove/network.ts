import { services } from '@waybill/contracts';
import type { EnvironmentOf } from '@waybill/local';
import { type Address, TcpProxy } from '@waybill/testing';

export type LinkEnd = 'postgres' | 'kafka' | 'carrier';

/** One way that bytes take through a proxy of ours. */
export interface NetworkLink {
  /** `orders-2 -> postgres`. */
  readonly name: string;
  readonly to: LinkEnd;
  readonly proxy: TcpProxy;
}

/** Kafka is one link for all: a broker tells every client the same address of itself. */
export const KAFKA_LINK = 'services -> kafka';

/**
 * A proxy in every way from a service to its database, to the carrier and to Kafka. It is there before the platform:
 *
 *   const network = await PlatformNetwork.open();
 *   const platform = await Platform.start({ ...network.stackOptions, instances: 2 });
 */
export class PlatformNetwork {
  private readonly links = new Map<string, NetworkLink>();
  /** As the last process was told them, so that a proxy follows a server that has moved. */
  private readonly addresses = new Map<string, Address>();

  static async open(): Promise<PlatformNetwork> {
    const network = new PlatformNetwork();
    await network.addLink(KAFKA_LINK, 'kafka');
    return network;
  }

  private constructor() {
    // Made by `open`.
  }

  get stackOptions(): { readonly kafkaProxyPort: number; readonly envOf: EnvironmentOf } {
    return { kafkaProxyPort: this.link(KAFKA_LINK).proxy.port, envOf: this.envOf };
  }

  /** Puts the proxies' addresses in the place of those that a service would get. */
  readonly envOf: EnvironmentOf = async ({ name, instance }, env) => {
    const detours: Record<string, string> = {};
    const service = services.find((each) => each === name);
    if (service === undefined) {
      return detours;
    }
    const variables: readonly (readonly [string, string, LinkEnd])[] = [
      [`WAYBILL_${service.toUpperCase()}_DATABASE_URL`, `${service}-${instance} -> postgres`, 'postgres'],
      ['CARRIER_URL', `${service}-${instance} -> carrier`, 'carrier'],
    ];
    for (const [variable, link, to] of variables) {
      const direct = env[variable];
      if (direct !== undefined) {
        const url = new URL(direct);
        const proxy = await this.leadTo(link, to, { host: url.hostname, port: Number(url.port) });
        url.host = `127.0.0.1:${proxy.port}`;
        // A path of one slash is no part of what was there.
        detours[variable] = to === 'carrier' ? url.origin : url.toString();
      }
    }
    const [host = '', port] = (env['WAYBILL_KAFKA_BROKERS'] ?? '').split(':');
    const kafka = await this.leadTo(KAFKA_LINK, 'kafka', { host, port: Number(port) });
    return { ...detours, WAYBILL_KAFKA_BROKERS: `127.0.0.1:${kafka.port}` };
  };

  get all(): readonly NetworkLink[] {
    return [...this.links.values()];
  }

  /** Throws if there is none of this name; that of an instance is there from its first start on. */
  link(name: string): NetworkLink {
    const link = this.links.get(name);
    if (link === undefined) {
      throw new Error(`expected one of ${[...this.links.keys()].join(', ')}; there is no link ${name}`);
    }
    return link;
  }

  heal(): void {
    this.all.forEach(({ proxy }) => proxy.heal());
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ proxy }) => proxy.close()));
    this.links.clear();
  }

  private async leadTo(name: string, to: LinkEnd, address: Address): Promise<TcpProxy> {
    this.addresses.set(name, address);
    return this.links.get(name)?.proxy ?? this.addLink(name, to);
  }

  private async addLink(name: string, to: LinkEnd): Promise<TcpProxy> {
    const proxy = await TcpProxy.listen({ to: () => this.addressOf(name) });
    this.links.set(name, { name, to, proxy });
    return proxy;
  }

  private addressOf(name: string): Address {
    const address = this.addresses.get(name);
    if (address === undefined) {
      throw new Error(`nobody knows yet where ${name} leads`);
    }
    return address;
  }
}

import type { StackFile } from '@waybill/local';

export interface ServiceHealth {
  readonly name: string;
  readonly instance: number;
  readonly url: string;
  readonly pid: number;
  /** What /health/ready says: ready, degraded, not ready ...; `unreachable` if nobody answers. */
  readonly state: string;
  /** Each check by its name: up, down ... */
  readonly checks: Readonly<Record<string, string>>;
}

const PROBE_TIMEOUT_MS = 2_000;

export async function readServiceHealth(service: StackFile['services'][number]): Promise<ServiceHealth> {
  const { name, instance, url, pid } = service;
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const body = (await response.json()) as { status?: string; checks?: Record<string, { state?: string }> };
    const checks = Object.fromEntries(
      Object.entries(body.checks ?? {}).map(([check, { state }]): [string, string] => [check, state ?? 'unknown']),
    );
    return { name, instance, url, pid, state: body.status ?? String(response.status), checks };
  } catch {
    return { name, instance, url, pid, state: 'unreachable', checks: {} };
  }
}

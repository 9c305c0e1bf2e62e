import { request } from 'node:http';
import type { ProbeKind } from './probe-settings.js';

/** Where each kind of probe asks. */
export const probePaths: Readonly<Record<ProbeKind, string>> = {
  startup: '/health/startup',
  liveness: '/health/live',
  readiness: '/health/ready',
};

/** Asks a process by HTTP as the kubelet does: a connection of its own for each probe, any status from 200 to 399 is a success. */
export function httpProbe(baseUrl: string): (kind: ProbeKind, timeoutMs: number) => Promise<boolean> {
  return (kind, timeoutMs) =>
    new Promise((resolve) => {
      const asking = request(new URL(probePaths[kind], baseUrl), { agent: false }, (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        answer(status >= 200 && status < 400);
      });
      const timer = setTimeout(() => answer(false), timeoutMs);
      const answer = (success: boolean) => {
        clearTimeout(timer);
        asking.destroy();
        resolve(success);
      };
      asking.on('error', () => answer(false));
      asking.end();
    });
}

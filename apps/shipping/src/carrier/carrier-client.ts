import { Inject, Injectable } from '@nestjs/common';
import type { OrderLine, ShipTo } from '@waybill/contracts';
import { CONFIG } from '@waybill/service-defaults';
import { request as httpRequest } from 'undici';
import { z } from 'zod';
import type { ShippingConfig } from '../config.js';
import type { CarrierAnswer } from '../use-cases/record-carrier-answer.js';

/**
 * No definite answer: a time-out, a broken connection, an error of the carrier's own, or something that is no answer.
 * The label may exist or not. Asking again with the same key is safe, and the only way to know.
 */
export interface Unknown {
  readonly kind: 'unknown';
  readonly problem: string;
}

export interface LabelRequest {
  /** The carrier makes one label a key, however often it is asked. */
  readonly key: string;
  readonly reference: string;
  readonly shipTo: ShipTo;
  readonly lines: readonly OrderLine[];
}

export interface Label {
  readonly labelId: string;
  readonly trackingCode: string;
}

export type CarrierClientConfig = Pick<ShippingConfig, 'CARRIER_URL' | 'CARRIER_TIMEOUT_MS'>;

const code = z.string().regex(/^[\w.-]{1,100}$/);
const labelAnswer = z.object({ id: code, trackingCode: code, status: z.enum(['ACTIVE', 'DELETED']) });
const problemAnswer = z.object({ detail: z.string().min(1) });

/** What goes into an event's reason. */
const REASON_MAX = 300;

/** The shipping company's HTTP API. Every call ends within the time-out, and nothing is thrown: each outcome has a name. */
@Injectable()
export class CarrierClient {
  constructor(@Inject(CONFIG) private readonly config: CarrierClientConfig) {}

  async requestLabel({ key, ...request }: LabelRequest): Promise<CarrierAnswer | Unknown> {
    return this.call('POST', '/labels', { key, body: request }, (status, body) => {
      if (status === 200 || status === 201) {
        const label = labelAnswer.safeParse(body);
        if (!label.success) {
          return undefined;
        }
        const { id, trackingCode } = label.data;
        return label.data.status === 'ACTIVE'
          ? { kind: 'label.granted', labelId: id, trackingCode }
          : { kind: 'label.refused', reason: 'the label was deleted at the carrier' };
      }
      return status === 422 ? { kind: 'label.refused', reason: reasonIn(body) } : undefined;
    });
  }

  async deleteLabel({ labelId, trackingCode }: Label): Promise<CarrierAnswer | Unknown> {
    return this.call('DELETE', `/labels/${encodeURIComponent(labelId)}`, {}, (status) => {
      if ((status >= 200 && status < 300) || status === 404) {
        return { kind: 'label.deleted' };
      }
      return status === 409 || status === 422 ? { kind: 'deletion.refused', labelId, trackingCode } : undefined;
    });
  }

  private async call(
    method: 'POST' | 'DELETE',
    path: string,
    request: { readonly key?: string; readonly body?: object },
    read: (status: number, body: unknown) => CarrierAnswer | undefined,
  ): Promise<CarrierAnswer | Unknown> {
    const { CARRIER_URL: url, CARRIER_TIMEOUT_MS: timeoutMs } = this.config;
    try {
      // Not the global fetch: its web streams cost most of a millisecond a call. Redirects are not followed: one is no
      // answer, and following it would post to somebody else.
      const { statusCode, body } = await httpRequest(url + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        // From the connection to the last byte.
        signal: AbortSignal.timeout(timeoutMs),
      });
      const answer = read(statusCode, parsed(await body.text()));
      return answer ?? { kind: 'unknown', problem: `${method} ${path} answered ${statusCode}, which settles nothing` };
    } catch (error) {
      return { kind: 'unknown', problem: `${method} ${path} got no answer: ${messageOf(error)}` };
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonIn(body: unknown): string {
  const problem = problemAnswer.safeParse(body);
  const detail = problem.success ? problem.data.detail.replaceAll('\0', '').slice(0, REASON_MAX) : 'it gave no reason';
  return `the carrier refused the parcel: ${detail}`;
}

/** Where a name has several addresses, the error of all of them has no message of its own. */
function messageOf(error: unknown): string {
  const { message, errors } = error as Error & { errors?: readonly Error[] };
  return message || (errors ?? []).map((each) => each.message).join(', ');
}

import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { transaction } from '@waybill/database';
import { type BackgroundWorker, CONFIG, LOGGER, type Progress } from '@waybill/service-defaults';
import { contextFrom, inSpan } from '@waybill/tracing';
import { DataSource } from 'typeorm';
import type { ShippingConfig } from '../config.js';
import { type Lease, leaseShipments, postponeShipment } from '../persistence/carrier-leases.js';
import { type CarrierAnswer, RecordCarrierAnswer } from '../use-cases/record-carrier-answer.js';
import { CarrierClient, type Unknown } from './carrier-client.js';

export type CarrierWorkerConfig = Pick<
  ShippingConfig,
  'CARRIER_TIMEOUT_MS' | 'CARRIER_CALLS_MAX' | 'CARRIER_RETRY_MAX_MS'
>;

/** What is used of the service's logger. */
export interface CarrierWorkerLog {
  warn(facts: object, message: string): void;
}

const RETRY_MIN_MS = 200;
/** Room for the answer's transaction, its wait for a connection included. */
const ANSWER_MS = 5_000;

/**
 * Asks the carrier for the labels of requested shipments, outside of any transaction.
 *
 * lease (one statement) -> call -> answer (a transaction). A shipment is asked about by one worker at a time, unless that
 * worker outlives its lease: then two may ask, with the same key, and of the two only the one that still holds the lease
 * is heard. No answer means unknown: the lease ends, and the same question is asked again later. A worker that dies
 * leaves a lease that runs out.
 *
 * It is a door like HTTP and messaging: the answer's transaction calls one use case.
 */
@Injectable()
export class CarrierWorker implements BackgroundWorker {
  readonly name = 'carrier worker';
  /** How often it looks for work that nobody woke it for. */
  protected readonly pollIntervalMs: number = 1_000;
  private readonly inHand = new Set<Promise<void>>();
  private running: Promise<void> | undefined;
  private progress: Progress | undefined;
  private stopping = false;
  private woken = false;
  /** The last look brought as much as was asked for. */
  private more = false;
  private ring: (() => void) | undefined;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CarrierClient) private readonly carrier: CarrierClient,
    @Inject(RecordCarrierAnswer) private readonly recordAnswer: RecordCarrierAnswer,
    @Inject(CONFIG) private readonly config: CarrierWorkerConfig,
    @Inject(LOGGER) private readonly log: CarrierWorkerLog,
  ) {}

  start(progress?: Progress): void {
    this.progress = progress;
    this.running ??= this.run();
  }

  /** There may be work: looks now rather than at the next poll. */
  wake(): void {
    this.woken = true;
    this.ring?.();
  }

  /** Takes no more work, and resolves when the calls in hand are answered and stored. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
    await Promise.all(this.inHand);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.woken = false;
      this.progress?.beat();
      const free = this.free;
      const leases = free === 0 ? [] : await this.lease(free);
      this.more = leases.length === free;
      for (const lease of leases) {
        this.take(lease);
      }
      await this.rest();
    }
  }

  private get free(): number {
    return this.config.CARRIER_CALLS_MAX - this.inHand.size;
  }

  private async lease(limit: number): Promise<Lease[]> {
    const leaseMs = 2 * this.config.CARRIER_TIMEOUT_MS + ANSWER_MS;
    try {
      // One statement, and so a transaction by itself.
      return await leaseShipments(this.dataSource.manager, { token: randomUUID(), leaseMs, limit });
    } catch (error) {
      this.log.warn({ err: error }, 'shipments could not be leased; trying again at the next poll');
      return [];
    }
  }

  private take(lease: Lease): void {
    const { shipmentId } = lease;
    const ended = this.progress?.begin(shipmentId);
    const work = this.ship(lease)
      .catch((error: unknown) => {
        this.log.warn(
          { err: error, shipmentId },
          "the carrier's answer could not be stored; it is asked again when the lease has ended",
        );
      })
      .finally(() => {
        this.inHand.delete(work);
        ended?.();
        // Under load: half the slots at once rather than a statement for each.
        if (this.more && this.free >= this.config.CARRIER_CALLS_MAX / 2) {
          this.wake();
        }
      });
    this.inHand.add(work);
  }

  private async ship(lease: Lease): Promise<void> {
    const { shipmentId, traceparent, tracestate } = lease;
    const parent = contextFrom({
      ...(traceparent === null ? {} : { traceparent }),
      ...(tracestate === null ? {} : { tracestate }),
    });
    await inSpan('ask the carrier', { parent, attributes: { 'waybill.shipment.id': shipmentId } }, async () => {
      const { orderId: reference, shipTo, lines } = lease;
      const answer = await this.carrier.requestLabel({ key: shipmentId, reference, shipTo, lines });
      this.progress?.moved(shipmentId);
      const recorded = await this.record(lease, answer);
      this.progress?.moved(shipmentId);
      if (recorded === 'delete-label' && answer.kind === 'label.granted') {
        await this.record(lease, await this.carrier.deleteLabel(answer));
      }
    });
  }

  private async record(lease: Lease, answer: CarrierAnswer | Unknown) {
    if (answer.kind === 'unknown') {
      const afterMs = retryAfterMs(lease.attempts, this.config.CARRIER_RETRY_MAX_MS);
      const { shipmentId, attempts } = lease;
      this.log.warn({ shipmentId, attempts, afterMs, problem: answer.problem }, 'the carrier gave no definite answer');
      return postponeShipment(this.dataSource.manager, lease, afterMs, answer.problem);
    }
    return transaction(this.dataSource, (manager) => this.recordAnswer.run(manager, lease, answer));
  }

  private async rest(): Promise<void> {
    if (this.woken) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.pollIntervalMs);
      this.ring = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.ring = undefined;
  }
}

/** Twice as long with each attempt, up to the bound; anywhere in the upper half, so that many do not come back at once. */
export function retryAfterMs(attempts: number, maxMs: number): number {
  const fullMs = Math.min(RETRY_MIN_MS * 2 ** Math.min(attempts - 1, 20), maxMs);
  return Math.round(fullMs / 2 + Math.random() * (fullMs / 2));
}

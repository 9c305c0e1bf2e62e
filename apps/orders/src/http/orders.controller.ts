import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiHeader,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import { transaction } from '@waybill/database';
import { CONFIG } from '@waybill/service-defaults';
import { DataSource } from 'typeorm';
import type { OrdersConfig } from '../config.js';
import { IdempotencyKeyBusyError } from '../persistence/idempotency-keys.js';
import { findOrder, listOrders } from '../persistence/orders.js';
import { CancelOrder } from '../use-cases/cancel-order.js';
import { PlaceOrder, type Repeatable } from '../use-cases/place-order.js';
import { canonicalHash } from './canonical-hash.js';
import {
  idempotencyKey,
  newOrder,
  type NewOrderDto,
  type OrderDto,
  orderDto,
  orderPage,
  type OrderQuery,
  orderQuery,
  toOrderDto,
  uuid,
} from './orders.dto.js';
import {
  idempotencyKeyBusy,
  idempotencyKeyInvalid,
  idempotencyKeyReused,
  orderNotCancellable,
  orderNotFound,
} from './orders.problems.js';

/** What is used of Fastify's reply. */
interface Reply {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

/** Nobody signs in to Waybill, so all callers are one; behind a gateway this is whom it authenticated. */
const CALLER = 'anonymous';

@ApiTags('orders')
@Controller('orders')
export class OrdersController {
  constructor(
    @Inject(DataSource) private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: OrdersConfig,
    @Inject(PlaceOrder) private readonly placeOrder: PlaceOrder,
    @Inject(CancelOrder) private readonly cancelOrder: CancelOrder,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Places an order', description: 'Whether there is stock for it turns out a moment later.' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'Makes it safe to send the request again.' })
  @ApiCreatedResponse({ standardSchema: orderDto, description: 'Placed; Location says where to ask for it.' })
  @ApiConflictResponse({ description: 'A request with the same Idempotency-Key is being worked on: try again.' })
  @ApiUnprocessableEntityResponse({ description: 'The Idempotency-Key belongs to a request with another body.' })
  async place(
    @Body({ schema: newOrder }) body: NewOrderDto,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderDto> {
    const command = { ...body, deadlineMs: this.config.ORDERS_DEADLINE_MS };
    const repeatable = repeatableBy(key, body);
    const result = await transaction(this.database, (manager) => this.placeOrder.run(manager, command, repeatable)).catch(
      (error: unknown) => {
        throw error instanceof IdempotencyKeyBusyError ? idempotencyKeyBusy(error) : error;
      },
    );
    if (result.kind === 'key-of-another-order') {
      throw idempotencyKeyReused();
    }
    const order = result.kind === 'placed' ? toOrderDto(result.order) : (result.answer as OrderDto);
    reply.header('location', `/orders/${order.id}`);
    return order;
  }

  @Get(':id')
  @ApiOperation({ summary: 'An order as it is now' })
  @ApiOkResponse({ standardSchema: orderDto })
  @ApiNotFoundResponse({ description: 'There is no such order.' })
  async get(@Param('id', { schema: uuid }) id: string): Promise<OrderDto> {
    const order = await findOrder(this.database.manager, id);
    if (order === undefined) {
      throw orderNotFound(id);
    }
    return toOrderDto(order);
  }

  @Get()
  @ApiOperation({ summary: 'Orders, newest first, page by page' })
  @ApiOkResponse({ standardSchema: orderPage })
  async list(@Query({ schema: orderQuery }) query: OrderQuery): Promise<{ items: OrderDto[]; nextCursor: string | null }> {
    const { orders, more } = await listOrders(this.database.manager, query);
    return { items: orders.map(toOrderDto), nextCursor: more ? (orders.at(-1)?.id ?? null) : null };
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cancels an order', description: 'Once it is confirmed, shipping has to agree.' })
  @ApiOkResponse({ standardSchema: orderDto, description: 'It is cancelled.' })
  @ApiAcceptedResponse({ standardSchema: orderDto, description: 'Shipping was asked; the order says how it ended.' })
  @ApiNotFoundResponse({ description: 'There is no such order.' })
  @ApiConflictResponse({ description: 'It is shipped or was rejected.' })
  async cancel(
    @Param('id', { schema: uuid }) id: string,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderDto> {
    const taken = await transaction(this.database, (manager) => this.cancelOrder.run(manager, id));
    if (taken === undefined) {
      throw orderNotFound(id);
    }
    const { kind, order } = taken;
    if (kind === 'refuse') {
      throw orderNotCancellable(order.status);
    }
    reply.status(order.status === 'CANCELLING' ? 202 : 200);
    return toOrderDto(order);
  }
}

function repeatableBy(header: string | undefined, body: NewOrderDto): Repeatable | undefined {
  if (header === undefined) {
    return undefined;
  }
  const key = idempotencyKey.safeParse(header);
  if (!key.success) {
    throw idempotencyKeyInvalid(key.error.issues[0]?.message ?? 'is not valid');
  }
  return { caller: CALLER, route: 'POST /orders', key: key.data, bodyHash: canonicalHash(body), answer: toOrderDto };
}

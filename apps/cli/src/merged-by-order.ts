import type { OrderRow, ReservationRow, SagaView, ShipmentRow } from './saga-mismatch.js';

export interface SagaRows {
  readonly orders: AsyncIterable<OrderRow>;
  readonly reservations: AsyncIterable<ReservationRow>;
  readonly shipments: AsyncIterable<ShipmentRow>;
}

/**
 * Walks three sorted streams side by side, and joins what belongs to one order.
 *
 * Each must rise by `orderId`, as Postgres sorts a uuid: byte by byte, which is how its text sorts, too. In memory is one
 * row of each, however many there are.
 */
export async function* mergedByOrder({ orders, reservations, shipments }: SagaRows): AsyncGenerator<SagaView> {
  const order = await Cursor.on(orders);
  const reservation = await Cursor.on(reservations);
  const shipment = await Cursor.on(shipments);
  for (;;) {
    const [orderId] = [order.at, reservation.at, shipment.at].filter((id) => id !== undefined).sort();
    if (orderId === undefined) {
      return;
    }
    yield {
      orderId,
      order: await order.take(orderId),
      reservation: await reservation.take(orderId),
      shipment: await shipment.take(orderId),
    };
  }
}

/** A stream and the row that it stands at. */
class Cursor<Row extends { readonly orderId: string }> {
  private row: Row | undefined;

  private constructor(private readonly rows: AsyncIterator<Row>) {}

  static async on<Row extends { readonly orderId: string }>(rows: AsyncIterable<Row>): Promise<Cursor<Row>> {
    const cursor = new Cursor(rows[Symbol.asyncIterator]());
    await cursor.step();
    return cursor;
  }

  get at(): string | undefined {
    return this.row?.orderId;
  }

  /** The row of this order, if it stands there; then the next one is at hand. */
  async take(orderId: string): Promise<Row | undefined> {
    const { row } = this;
    if (row?.orderId !== orderId) {
      return undefined;
    }
    await this.step();
    return row;
  }

  private async step(): Promise<void> {
    const next = await this.rows.next();
    this.row = next.done === true ? undefined : next.value;
  }
}

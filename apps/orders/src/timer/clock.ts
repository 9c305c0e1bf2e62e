/** What time it is. Handed in, so that a test can say. */
export type Clock = () => Date;

/** Injection token of the clock. */
export const CLOCK = 'ORDERS:CLOCK';

export const systemClock: Clock = () => new Date();

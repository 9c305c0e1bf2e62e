import { ProblemError } from '@waybill/service-defaults';

export function skuNotFound(sku: string): ProblemError {
  return new ProblemError({
    code: 'sku-not-found',
    status: 404,
    title: 'There is no such SKU',
    detail: `Inventory knows no SKU ${sku}.`,
  });
}

export function stockBelowReserved(sku: string, onHand: number, reserved: number): ProblemError {
  return new ProblemError({
    code: 'stock-below-reserved',
    status: 409,
    title: 'More than that is reserved for orders',
    detail: `${reserved} of ${sku} are reserved, so at least as many have to be on hand; got ${onHand}.`,
  });
}

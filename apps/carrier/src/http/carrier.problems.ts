import { ProblemError } from '@waybill/service-defaults';

export function keyMissing(): ProblemError {
  return new ProblemError({
    code: 'validation',
    status: 400,
    title: 'The request is not valid',
    detail: 'A label needs a key, so that asking again cannot make a second one.',
    errors: [{ field: 'Idempotency-Key', message: 'must be 1 to 255 characters' }],
  });
}

export function parcelRefused(): ProblemError {
  return new ProblemError({
    code: 'parcel-refused',
    status: 422,
    title: 'The parcel is refused',
    detail: 'we do not deliver there',
  });
}

export function parcelUnderWay(): ProblemError {
  return new ProblemError({
    code: 'parcel-under-way',
    status: 409,
    title: 'The parcel is on its way',
    detail: 'A label whose parcel was handed over cannot be deleted.',
  });
}

export function labelNotFound(id: string): ProblemError {
  return new ProblemError({
    code: 'label-not-found',
    status: 404,
    title: 'There is no such label',
    detail: `No label ${id} exists, or it was deleted.`,
  });
}

export function outOfOrder(): ProblemError {
  return new ProblemError({
    code: 'out-of-order',
    status: 503,
    title: 'The carrier is out of order',
    detail: 'Whether the request was carried out is not known. Send it again with the same key.',
  });
}

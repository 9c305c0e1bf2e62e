import { meansTheSame, refusals } from './compatibility.js';
import type { JsonSchema } from './json-schema.js';

/** A type's forms that were ever published, the oldest first: form 1, form 2, ... */
export type PublishedForms = Readonly<Record<string, readonly JsonSchema[]>>;
export type CurrentSchemas = Readonly<Record<string, JsonSchema>>;

/**
 * What stands in the way of the current schemas: each is compared with every form of its type that was ever published,
 * in both directions (FULL_TRANSITIVE). Empty when all is well; a type's new form is published by `formsToPublish`.
 */
export function contractProblems(current: CurrentSchemas, published: PublishedForms, retired: readonly string[] = []): string[] {
  const gone = Object.keys(published)
    .filter((type) => current[type] === undefined && !retired.includes(type))
    .map((type) => `${type}: it was published and is gone. Keep its schema for as long as a record of it may be read; then name it in retiredTypes.`);
  const back = retired
    .filter((type) => current[type] !== undefined)
    .map((type) => `${type}: it is retired, and its name must not be used again. Take the next version.`);
  const changed = Object.entries(current).flatMap(([type, schema]) =>
    (published[type] ?? []).flatMap((form, index) => breaks(type, form, index + 1, schema)),
  );
  return [...gone, ...back, ...changed];
}

function breaks(type: string, form: JsonSchema, number: number, schema: JsonSchema): string[] {
  const advice = `An incompatible change is a new type, with an upcaster.`;
  const line = (path: string, what: string, why: string): string => `${type} ${path || '(data)'}: ${what}: ${why}. ${advice}`;
  return [
    ...refusals(form, schema).map(({ path, why }) => line(path, `what form ${number} wrote cannot be read any more`, why)),
    ...refusals(schema, form).map(({ path, why }) => line(path, `consumers that know form ${number} cannot read what is written now`, why)),
  ];
}

/** Types whose current schema differs from the newest published form, or that have none yet: each needs a new form. */
export function formsToPublish(current: CurrentSchemas, published: PublishedForms): string[] {
  return Object.entries(current)
    .filter(([type, schema]) => {
      const newest = published[type]?.at(-1);
      return newest === undefined || !meansTheSame(newest, schema);
    })
    .map(([type]) => type);
}

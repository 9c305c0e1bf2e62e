import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asyncApi } from './asyncapi.js';
import { eventSchemas, type EventType } from './events.js';
import { dataSchemaOf, type JsonSchema, jsonSchemaOf } from './json-schema.js';
import { contractProblems, formsToPublish, type PublishedForms } from './published-forms.js';
import { retiredTypes } from './versions.js';

/*
 * What is checked in beside the code, for those who read our topics without our code, and for the next change:
 *
 * - schemas/<ce_type>.json, asyncapi.json: what the code says now
 * - published/<ce_type>/<n>.json: every form that a type ever had. Forms are added, and never edited or deleted.
 *
 * Renew all of it: UPDATE=1 npx vitest run --project unit libs/contracts. It publishes no form that breaks the contract.
 */

const RENEW = 'renew it: UPDATE=1 npx vitest run --project unit libs/contracts';
const lib = join(import.meta.dirname, '..');
const update = process.env['UPDATE'] === '1';

const types = Object.keys(eventSchemas) as EventType[];
const current = Object.fromEntries(types.map((type) => [type, dataSchemaOf(type)]));

function textOf(json: object): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}

function write(file: string, json: object): void {
  mkdirSync(dirname(join(lib, file)), { recursive: true });
  writeFileSync(join(lib, file), textOf(json));
}

function read(file: string): string {
  return existsSync(join(lib, file)) ? readFileSync(join(lib, file), 'utf8') : '';
}

function readPublished(): PublishedForms {
  const published = join(lib, 'published');
  const folders = existsSync(published) ? readdirSync(published) : [];
  return Object.fromEntries(
    folders.map((type) => {
      const numbers = readdirSync(join(published, type)).map((file) => Number(/^(\d+)\.json$/.exec(file)?.[1]));
      expect(numbers.toSorted((a, b) => a - b), `forms of ${type}: a number is missing`).toEqual(numbers.map((_, index) => index + 1));
      return [type, numbers.map((_, index) => JSON.parse(read(`published/${type}/${index + 1}.json`)) as JsonSchema)];
    }),
  );
}

describe('a published event', () => {
  it('is read by every consumer, and every consumer reads what was ever published of it', () => {
    const published = readPublished();
    const problems = contractProblems(current, published, retiredTypes);
    expect(problems).toEqual([]);
    if (update) {
      for (const type of formsToPublish(current, published)) {
        write(`published/${type}/${(published[type]?.length ?? 0) + 1}.json`, current[type] ?? {});
      }
    }
    expect(formsToPublish(current, readPublished()), RENEW).toEqual([]);
  });

  it.each([
    [
      'that loses a required property',
      'waybill.order.placed.v1',
      eventSchemas['waybill.order.placed.v1'].omit({ shipTo: true }),
      ['waybill.order.placed.v1 /shipTo: consumers that know form 1 cannot read what is written now: the reader demands it, the writer does not know it.'],
    ],
    [
      'whose property is another thing now',
      'waybill.shipment.dispatched.v1',
      eventSchemas['waybill.shipment.dispatched.v2'],
      [
        'waybill.shipment.dispatched.v1 /carrier: what form 1 wrote cannot be read any more: the reader demands it, the writer does not know it.',
        'waybill.shipment.dispatched.v1 /label: what form 1 wrote cannot be read any more: the reader demands it, the writer does not know it.',
        'waybill.shipment.dispatched.v1 /labelId: consumers that know form 1 cannot read what is written now: the reader demands it, the writer does not know it.',
        'waybill.shipment.dispatched.v1 /trackingCode: consumers that know form 1 cannot read what is written now: the reader demands it, the writer does not know it.',
      ],
    ],
  ] as const)('%s is refused', (_, type, schema, expected) => {
    const problems = contractProblems({ ...current, [type]: jsonSchemaOf(type, schema) }, readPublished());
    expect(problems.map((problem) => problem.replace(' An incompatible change is a new type, with an upcaster.', ''))).toEqual(expect.arrayContaining([...expected]));
  });

  it('that is simply gone is refused', () => {
    const { 'waybill.stock.released.v1': _, ...rest } = current;
    expect(contractProblems(rest, readPublished())).toEqual([expect.stringMatching(/^waybill\.stock\.released\.v1: it was published and is gone\./)]);
  });
});

describe('what is checked in', () => {
  it.each(types)(`schemas/%s.json is what the code says (${RENEW})`, (type) => {
    const file = `schemas/${type}.json`;
    if (update) {
      write(file, current[type] ?? {});
    }
    expect(read(file)).toBe(textOf(current[type] ?? {}));
  });

  it('has no schema of a type that is gone', () => {
    const files = readdirSync(join(lib, 'schemas'));
    for (const file of files.filter((name) => update && !types.includes(name.replace(/\.json$/, '') as EventType))) {
      rmSync(join(lib, 'schemas', file));
    }
    expect(readdirSync(join(lib, 'schemas'))).toEqual(types.map((type) => `${type}.json`).toSorted());
  });

  it(`asyncapi.json is what the code says (${RENEW})`, () => {
    if (update) {
      write('asyncapi.json', asyncApi());
    }
    expect(read('asyncapi.json')).toBe(textOf(asyncApi()));
  });
});

import { z } from 'zod';
import type { FieldFacts } from './field.js';

/** What is known about one setting, for reports and documents. */
export interface Setting {
  readonly name: string;
  readonly required: boolean;
  /** As it would be written in the environment. */
  readonly default: string | undefined;
  /** What happens without it, where that is not a default. */
  readonly otherwise: string | undefined;
  readonly expected: string;
  readonly reason: string;
  readonly example: string | undefined;
  readonly secret: boolean;
}

type Described = z.ZodType & { readonly def: { readonly innerType?: z.ZodType; readonly defaultValue?: unknown } };

/** Reads a setting's facts from its schema, through `.default()`, `.optional()` and `.describe()`. */
export function describeSetting(name: string, type: z.ZodType): Setting {
  let facts: FieldFacts & { readonly description?: string | undefined } = {};
  let fallback: unknown;
  for (let each: Described | undefined = type; each !== undefined; each = each.def.innerType as Described) {
    // The outermost layer was added last and knows best.
    facts = { ...z.globalRegistry.get(each), ...facts };
    fallback ??= each.def.defaultValue;
  }
  return {
    name,
    required: !type.safeParse(undefined).success,
    default: fallback === undefined ? undefined : written(fallback),
    otherwise: facts.otherwise,
    expected: facts.expected ?? '',
    reason: facts.description ?? '',
    example: facts.example,
    secret: facts.secret ?? false,
  };
}

function written(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

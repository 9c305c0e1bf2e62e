import { type ArgumentMetadata, Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { ProblemError } from './problem-error.js';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A body of 1,000 wrong lines needs no list of 1,000 complaints. */
const ERRORS_MAX = 50;

/**
 * Checks what carries a schema, `@Body({ schema })` or `@Param('id', { schema })`, and hands the parsed value on.
 *
 * The same schema is what OpenAPI shows, so the document cannot promise what the service refuses.
 */
@Injectable()
export class ValidationPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    if (metadata.schema === undefined) {
      return value;
    }
    const result = await metadata.schema['~standard'].validate(value);
    if (result.issues !== undefined) {
      throw validationProblem(result.issues, metadata);
    }
    return result.value as T;
  }
}

function validationProblem(issues: readonly Issue[], { type, data }: Pick<ArgumentMetadata, 'type' | 'data'>): ProblemError {
  const root = data ?? `(${type})`;
  const errors = issues.slice(0, ERRORS_MAX).map(({ message, path }) => ({
    field: fieldOf(path) || root,
    message,
  }));
  const more = issues.length > ERRORS_MAX ? ` Only the first ${ERRORS_MAX} of ${issues.length} are listed.` : '';
  return new ProblemError({
    code: 'validation',
    status: 400,
    title: 'The request is not valid',
    detail: `${issues.length === 1 ? 'One field is' : `${issues.length} fields are`} wrong; see errors.${more}`,
    errors,
  });
}

/** `lines.0.quantity` */
function fieldOf(path: Issue['path']): string {
  return (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}

import type { AsyncApiDocument, AsyncApiMessage, AsyncApiOperation, JsonSchema } from '@waybill/contracts';

/** An AsyncAPI document of ours as one page of HTML: no script, nothing fetched from elsewhere. */
export function eventsPage(document: AsyncApiDocument): string {
  const { info, operations, components } = document;
  const { messages, schemas } = components;
  const shared = Object.entries(schemas).filter(([name]) => messages[name] === undefined);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(info.title)} · events</title>
<style>${STYLE}</style>
</head>
<body>
<nav><a href="/docs">HTTP</a> <b>Events</b> <a href="/asyncapi.json">asyncapi.json</a></nav>
<h1>${html(info.title)}: events</h1>
<p>${html(info.description)}</p>
${Object.entries(operations)
  .map(([id, operation]) => operationSection(document, id, operation))
  .join('\n')}
<h2>Events</h2>
${Object.values(messages)
  .map((message) => messageSection(message, schemas[message.name] ?? {}))
  .join('\n')}
<h2>Shared</h2>
${shared.map(([name, schema]) => schemaSection(name, name, schema)).join('\n')}
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1.5rem auto 4rem; padding: 0 1rem; }
nav { display: flex; gap: 1.5rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2rem 0 .25rem; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
code, pre { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow: auto; padding: .75rem; background: var(--soft); }
.note { border-left: 3px solid var(--line); padding-left: .75rem; }
`;

/** Where an operation happens, and links to the events in it. */
function operationSection(document: AsyncApiDocument, id: string, { title, summary, channel, messages }: AsyncApiOperation): string {
  const { address, bindings } = document.channels[lastOf(channel.$ref)] ?? {};
  const partitions = bindings?.kafka.partitions ?? 0;
  const types = messages.map(({ $ref }) => lastOf($ref));
  return `<h2 id="${html(id)}">${html(title)}</h2>
<p>${html(summary)} Topic <code>${html(address ?? '')}</code>, ${partitions} partitions, by the id of the order.</p>
<ul>
${types.map((type) => `<li><a href="#${html(type)}"><code>${html(type)}</code></a>: ${html(document.components.messages[type]?.summary ?? '')}</li>`).join('\n')}
</ul>`;
}

function messageSection({ name, summary, description }: AsyncApiMessage, schema: JsonSchema): string {
  const note = description === undefined ? '' : `<p class="note">${html(description)}</p>`;
  return schemaSection(name, name, schema, `<p>${html(summary)}</p>${note}`);
}

function schemaSection(id: string, title: string, schema: JsonSchema, introduction?: string): string {
  const text = introduction ?? `<p>${html(stringOf(schema['description']) ?? '')}</p>`;
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const required = (schema['required'] ?? []) as readonly string[];
  const rows = properties.map(
    ([name, property]) =>
      `<tr><td><code>${html(name)}</code></td><td>${required.includes(name) ? 'always' : 'may be absent'}</td><td>${valueOf(property)}</td></tr>`,
  );
  const table = rows.length === 0 ? `<p>${valueOf(schema)}</p>` : `<table>\n<tr><th>name</th><th></th><th>value</th></tr>\n${rows.join('\n')}\n</table>`;
  return `<h3 id="${html(id)}">${html(title)}</h3>
${text}
${table}
<details><summary>JSON Schema</summary><pre>${html(JSON.stringify(schema, null, 2))}</pre></details>`;
}

/** A value in words: `text (uuid)`, `1 to 1000 of OrderLine`. */
function valueOf(schema: JsonSchema): string {
  const reference = stringOf(schema['$ref']);
  if (reference !== undefined) {
    const name = lastOf(reference);
    return `<a href="#${html(name)}">${html(name)}</a>`;
  }
  if ('const' in schema) {
    return `<code>${html(String(schema['const']))}</code>`;
  }
  const description = stringOf(schema['description']);
  const what = schema['type'] === 'array' ? arrayOf(schema) : scalarOf(schema);
  return description === undefined ? what : `${html(description)} ${what}`;
}

function arrayOf(schema: JsonSchema): string {
  const range = rangeOf(schema['minItems'], schema['maxItems']);
  const items = (schema['items'] ?? {}) as JsonSchema;
  const fields = Object.entries((items['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const element = fields.length === 0 ? valueOf(items) : fields.map(([name, field]) => `<code>${html(name)}</code> ${valueOf(field)}`).join(', ');
  return `list${range === '' ? '' : ` of ${range}`}: ${element}`;
}

function scalarOf(schema: JsonSchema): string {
  const { type, format } = schema;
  const values = Array.isArray(schema['enum']) ? `one of ${schema['enum'].map((value) => JSON.stringify(value)).join(', ')}` : undefined;
  const pattern = format === undefined ? stringOf(schema['pattern']) : undefined;
  const rules = [
    stringOf(format),
    values,
    type === 'string' ? after(rangeOf(schema['minLength'], schema['maxLength']), ' characters') : rangeOf(schema['minimum'], schema['maximum']),
  ].filter((rule) => rule !== undefined && rule !== '');
  const words = `${html(type === 'string' ? 'text' : (stringOf(type) ?? 'anything'))}${rules.length === 0 ? '' : ` (${html(rules.join(', '))})`}`;
  return pattern === undefined ? words : `${words} <code>${html(pattern)}</code>`;
}

function rangeOf(min: unknown, max: unknown): string {
  const [from, to] = [bound(min), bound(max)];
  if (from === undefined && to === undefined) {
    return '';
  }
  return to === undefined ? `at least ${from ?? ''}` : from === undefined ? `at most ${to}` : `${from} to ${to}`;
}

/** The ends of the safe integers are there for JavaScript's sake, and tell a reader nothing. */
function bound(value: unknown): number | undefined {
  return typeof value === 'number' && Math.abs(value) !== Number.MAX_SAFE_INTEGER ? value : undefined;
}

function after(text: string, unit: string): string {
  return text === '' ? '' : `${text}${unit}`;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function lastOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

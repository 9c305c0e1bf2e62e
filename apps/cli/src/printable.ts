/**
 * Text of strangers as it may go to a terminal: control characters are written out, so that an event's payload can
 * neither move the cursor nor colour the lines around it. Line feeds stay.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (each) => {
    return `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** For a cell of a table: one line, and not longer than that. */
export function brief(text: string | null | undefined, max: number): string {
  const line = printable((text ?? '').replace(/\s+/g, ' ').trim());
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}

/** The bytes as text, or undefined where they are none. */
export function asText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** JSON with two spaces; other text as it is; bytes that are no text in base64. */
export function prettyPayload(bytes: Buffer | null): string {
  if (bytes === null) {
    return '(no value)';
  }
  const text = asText(bytes);
  if (text === undefined) {
    return `(no text: ${bytes.length} bytes, in base64)\n${bytes.toString('base64')}`;
  }
  try {
    return printable(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return printable(text);
  }
}

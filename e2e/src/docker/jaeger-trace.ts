/** A trace as Jaeger has it. */
export interface JaegerTrace {
  readonly services: readonly string[];
  readonly operations: readonly string[];
  /** Spans that name no other one. */
  readonly roots: readonly string[];
  /** Spans whose parent, or one they follow from, Jaeger has never seen. */
  readonly orphans: readonly string[];
}

interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly processID: string;
  readonly references?: readonly { readonly spanID: string }[];
}

interface JaegerAnswer {
  readonly data?: readonly {
    readonly spans: readonly JaegerSpan[];
    readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
  }[];
}

/** Asks Jaeger's query API; undefined while it does not know the trace. */
export async function readTrace(jaeger: string, traceId: string): Promise<JaegerTrace | undefined> {
  const response = await fetch(`${jaeger}/api/traces/${traceId}`);
  const trace = response.ok ? ((await response.json()) as JaegerAnswer).data?.[0] : undefined;
  if (trace === undefined) {
    return undefined;
  }
  const known = new Set(trace.spans.map(({ spanID }) => spanID));
  // A parent that is also linked comes as "follows from", not as "child of".
  const referencesOf = ({ references }: JaegerSpan) => (references ?? []).map(({ spanID }) => spanID);
  const nameOf = (span: JaegerSpan) => `${trace.processes[span.processID]?.serviceName ?? '?'}: ${span.operationName}`;
  return {
    services: [...new Set(trace.spans.map(({ processID }) => trace.processes[processID]?.serviceName ?? '?'))].sort(),
    operations: trace.spans.map(nameOf),
    roots: trace.spans.filter((span) => referencesOf(span).length === 0).map(nameOf),
    orphans: trace.spans.filter((span) => !referencesOf(span).every((id) => known.has(id))).map(nameOf),
  };
}

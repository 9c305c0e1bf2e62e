/**
 * Puts other methods in the place of a class's own, for every instance in this process; answers what was there before.
 *
 * `Inside` describes what of the instance is used: also what TypeScript calls private, which is a word between colleagues.
 * @throws Error when the class has no such method (any more): the exhibit would hang beside the wall
 */
export function swap<Inside extends object>(
  type: { readonly name: string; readonly prototype: object },
  methods: Partial<Inside> & ThisType<Inside>,
): Inside {
  const prototype = type.prototype as Record<string, unknown>;
  const before: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(methods)) {
    if (typeof prototype[name] !== 'function') {
      throw new Error(`${type.name} should have a method ${name}, and has none: adapt the exhibit that replaces it`);
    }
    before[name] = prototype[name];
    prototype[name] = method;
  }
  return before as Inside;
}

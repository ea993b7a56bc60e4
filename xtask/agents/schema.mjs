// What a JSON schema accepts: agents that want JSON, for a title for example, get the least of it. Pure.

/** A schema with its types in small letters. */
export function lowered(schema) {
  if (Array.isArray(schema)) return schema.map(lowered);
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, name === 'type' && typeof value === 'string' ? value.toLowerCase() : lowered(value)]));
}

/** The least that a schema accepts. */
export function example(schema) {
  if (schema.enum?.length) return schema.enum[0];
  if (schema.type === 'object') return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, example(inner)]));
  return { array: [], boolean: false, number: 1, integer: 1 }[schema.type] ?? 'something';
}

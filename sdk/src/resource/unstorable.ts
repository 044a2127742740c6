/** The first place in a value that structured clone refuses, e.g. `.rows[3].fn` is a function; undefined when none is found. */
export function firstUnstorable(root: unknown): { path: string; what: string } | undefined {
  const seen = new Set<object>();
  const stack: { value: unknown; path: string }[] = [{ value: root, path: "" }];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { value, path } = entry;
    const what = refused(value);
    if (what !== undefined) return { path, what };
    if (typeof value !== "object" || value === null || seen.has(value) || ArrayBuffer.isView(value)) continue;
    seen.add(value);
    const children: { value: unknown; path: string }[] = [];
    if (value instanceof Map) {
      for (const [key, item] of value) {
        children.push(
          { value: key, path: `${path}.keys()` },
          { value: item, path: `${path}.get(${JSON.stringify(key) ?? String(key)})` },
        );
      }
    } else if (value instanceof Set) {
      for (const item of value) children.push({ value: item, path: `${path}.values()` });
    } else {
      for (const [key, item] of Object.entries(value)) {
        const step = Array.isArray(value)
          ? `[${key}]`
          : /^[A-Za-z_$][\w$]*$/.test(key)
            ? `.${key}`
            : `[${JSON.stringify(key)}]`;
        children.push({ value: item, path: path + step });
      }
    }
    stack.push(...children.reverse());
  }
  return undefined;
}

function refused(value: unknown): string | undefined {
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (value instanceof Promise) return "a Promise: await it first";
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef)
    return `a ${value.constructor.name}`;
  return undefined;
}

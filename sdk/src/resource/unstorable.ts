interface Place {
  path: string;
  what: string;
}

/** The first place in a value that structured clone refuses, e.g. `.rows[3].fn` is a function; undefined when none is found. */
export function firstUnstorable(root: unknown): Place | undefined {
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
        children.push({ value: item, path: path + stepText(value, key) });
      }
    }
    stack.push(...children.reverse());
  }
  return undefined;
}

const stepText = (parent: object, key: string) =>
  Array.isArray(parent)
    ? `[${key}]`
    : /^[A-Za-z_$][\w$]*$/.test(key)
      ? `.${key}`
      : `[${JSON.stringify(key)}]`;

/** The first place that would not come back from JSON as it is; undefined when all would. */
export function firstNotJson(root: unknown): Place | undefined {
  const above = new Set<object>();
  const visit = (value: unknown, path: string): Place | undefined => {
    const what = refused(value) ?? changed(value);
    if (what !== undefined) return { path, what };
    if (typeof value !== "object" || value === null) return undefined;
    if (above.has(value)) return { path, what: "a reference to something that it is part of" };
    above.add(value);
    for (const [key, item] of Object.entries(value)) {
      // A property that holds nothing is left out, and reads as nothing again.
      if (item === undefined && !Array.isArray(value)) continue;
      const found = visit(item, path + stepText(value, key));
      if (found !== undefined) return found;
    }
    above.delete(value);
    return undefined;
  };
  return visit(root, "");
}

function changed(value: unknown): string | undefined {
  if (value === undefined) return "undefined";
  if (typeof value === "bigint") return "a bigint: use a number or a string";
  if (typeof value === "number" && !Number.isFinite(value)) return `${value}: use null`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (value instanceof Date) return "a Date: use its toISOString()";
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null)
    return undefined;
  return `a ${value.constructor?.name ?? "class instance"}: use plain objects and arrays`;
}

function refused(value: unknown): string | undefined {
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (value instanceof Promise) return "a Promise: await it first";
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef)
    return `a ${value.constructor.name}`;
  return undefined;
}

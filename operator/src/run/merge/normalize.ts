import { InvalidInput } from "@dagster-operator/engine";
import { KUBE_FIELDS } from "./kube-fields.ts";

export type Json = Record<string, unknown>;

interface Field {
  camel: string;
  type: string;
}
const models = new Map<string, Map<string, Field>>();

/** Fields of a model by both their names, snake_case and camelCase. */
function fieldsOf(model: string): Map<string, Field> {
  const known = models.get(model);
  if (known) return known;
  const fields = new Map<string, Field>();
  for (const entry of (KUBE_FIELDS[model] ?? "").split(" ").filter(Boolean)) {
    const colon = entry.indexOf(":");
    const [camel = "", irregular] = entry.slice(0, colon).split("=");
    const field = { camel, type: entry.slice(colon + 1) };
    fields.set(irregular ?? snakeCase(camel), field);
    fields.set(camel, field);
  }
  models.set(model, fields);
  return fields;
}

export const snakeCase = (camel: string): string =>
  camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A Kubernetes object as the API spells it, of one in snake_case, camelCase or both: keys of a model are renamed, keys that
 * are a user's own (labels, node selectors, limits…) stay. Numbers where the API wants text become text, as in `cpu: 1`.
 * @param path names the place in messages, e.g. `container_config`
 * @throws InvalidInput a key that the model does not have, a key in both spellings, or a value that cannot be of its type
 */
export function normalize(model: string, value: unknown, path: string): Json {
  if (!isObject(value)) throw wrong(path, `must be an object, not ${JSON.stringify(value)}`);
  const fields = fieldsOf(model);
  const result: Json = {};
  for (const [key, given] of Object.entries(value)) {
    const field = fields.get(key);
    if (!field) throw wrong(`${path}.${key}`, `is no field of ${model.replace(/^V\d/, "")}`);
    if (field.camel in result) throw wrong(path, `has ${field.camel} in both spellings: keep one`);
    result[field.camel] = convert(field.type, given, `${path}.${key}`);
  }
  return result;
}

function convert(type: string, value: unknown, path: string): unknown {
  if (value === null || value === undefined) return null;
  if (type.startsWith("[")) {
    if (!Array.isArray(value)) throw wrong(path, `must be a list, not ${JSON.stringify(value)}`);
    return value.map((item, index) => convert(type.slice(1, -1), item, `${path}[${index}]`));
  }
  if (type.startsWith("{")) {
    if (!isObject(value)) throw wrong(path, `must be an object, not ${JSON.stringify(value)}`);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, convert(type.slice(1, -1), item, `${path}.${key}`)]),
    );
  }
  switch (type) {
    case "s":
      if (typeof value === "object") throw wrong(path, `must be text, not ${JSON.stringify(value)}`);
      return String(value);
    case "i":
    case "f": {
      const number = typeof value === "object" || value === "" ? Number.NaN : Number(value);
      if (Number.isNaN(number)) throw wrong(path, `must be a number, not ${JSON.stringify(value)}`);
      return type === "i" ? Math.trunc(number) : number;
    }
    case "b":
      if (typeof value !== "boolean")
        throw wrong(path, `must be true or false, not ${JSON.stringify(value)}`);
      return value;
    case "o":
      return value;
    default:
      return normalize(type, value, path);
  }
}

export function wrong(path: string, message: string): InvalidInput {
  return new InvalidInput(`Kubernetes config: ${path} ${message}`, [{ path, message }]);
}

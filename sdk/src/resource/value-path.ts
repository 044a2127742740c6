import { createHash } from "node:crypto";
import { join } from "node:path/posix";
import type { ValueAddress } from "./io-manager.ts";

const PLAIN = /^[\w-]{1,200}$/;

/** A name as one file name: no separators, no `.` or `..`, and short enough for any file system. */
function fileName(name: string): string {
  // Nearly every name, and thousands of them in a run.
  if (PLAIN.test(name)) return name;
  const encoded = encodeURIComponent(name)
    .replaceAll("*", "%2A")
    .replace(/^\.+$/, (dots) => "%2E".repeat(dots.length));
  if (encoded.length <= 200) return encoded;
  return `${encoded.slice(0, 150)}~${createHash("sha256").update(name).digest("hex").slice(0, 24)}`;
}

/**
 * Path of a value below a folder or prefix, with `/`: `assets/raw/orders/@value`, `assets/raw/orders/@2024-01-01`. No two values
 * share one, and none lies below another. `@` stands between the parts of a name, and no encoded part has one.
 */
export function valuePath(address: ValueAddress): string {
  if (address.assetKey !== undefined) {
    const last = address.partitionKey === undefined ? "@value" : `@${fileName(address.partitionKey)}`;
    return join("assets", ...address.assetKey.map(fileName), last);
  }
  const mapped = address.mappingKey === undefined ? "" : `@${fileName(address.mappingKey)}`;
  return `runs/${fileName(address.runId)}/${fileName(address.stepKey)}@${fileName(address.outputName)}${mapped}`;
}

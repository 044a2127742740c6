import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFile,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { deserialize, serialize } from "node:v8";
import { MetadataValue } from "../metadata/metadata-value.ts";
import {
  addressText,
  type IoManager,
  type IoManagerDefinition,
  ioManager,
  type OutputContext,
  type ValueAddress,
  ValueNotStored,
  whenNotStored,
} from "./io-manager.ts";
import { firstUnstorable } from "./unstorable.ts";
import { valuePath } from "./value-path.ts";

/** Folder of the values when no other is named: this variable of the environment, else `.dagster-operator/artifacts`. */
export const ARTIFACTS_ENV = "DAGSTER_OPERATOR_ARTIFACTS";

function encode(address: ValueAddress, value: unknown): Buffer {
  try {
    return serialize(value);
  } catch (cause) {
    const found = firstUnstorable(value);
    const why = found === undefined ? (cause as Error).message : `${found.path || "it"} is ${found.what}`;
    throw new TypeError(
      `${addressText(address)} cannot be written to a file: ${why}. Return plain data (objects, arrays, Maps, Sets, Dates, typed arrays), or give it an IO manager that can`,
      { cause },
    );
  }
}

/** Values as files, each whole or not there: written beside, then renamed. */
class FileValues implements IoManager {
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
  }

  async handleOutput(context: OutputContext, value: unknown): Promise<void> {
    const bytes = encode(context, value);
    const path = join(this.folder, valuePath(context));
    await writeWhole(path, bytes, context.assetKey !== undefined || bytes.length > SMALL);
    context.metadata({ path: MetadataValue.path(path), "size (bytes)": bytes.length });
  }

  loadInput(address: ValueAddress): unknown {
    const path = join(this.folder, valuePath(address));
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      throw new ValueNotStored(
        `${addressText(address)} is not stored: no file ${path}; ${whenNotStored(address)}`,
      );
    }
    try {
      return deserialize(bytes);
    } catch (cause) {
      throw new Error(`the file of ${addressText(address)} is damaged: ${path}. Materialize it again`, {
        cause,
      });
    }
  }
}

const SMALL = 256 * 1024;
const sync = promisify(fsync);
const writeTo = promisify(writeFile);

/** A new file beside the path, its folder made when it is not there. */
function openBeside(path: string): { temporary: string; file: number } {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    return { temporary, file: openSync(temporary, "wx") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true });
    return { temporary, file: openSync(temporary, "wx") };
  }
}

/**
 * Written beside and renamed, so that there is the old value or the new one, whole. An asset's is on the disk before its
 * materialization is reported. For the small outputs between ops, of which a run may have thousands, nobody waits for the disk:
 * the run can be repeated, and a file that a power cut emptied is refused when it is read.
 */
async function writeWhole(path: string, bytes: Buffer, durable: boolean): Promise<void> {
  const { temporary, file } = openBeside(path);
  try {
    try {
      // A small write is over before another thread would have taken it up.
      if (bytes.length <= SMALL) writeFileSync(file, bytes);
      else await writeTo(file, bytes);
      if (durable) await sync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * The default IO manager: a file for each value, by structured clone (plain data, Maps, Sets, Dates, typed arrays).
 * An asset's file is replaced when it is materialized again; outputs of ops are kept by run.
 * @param options.folder default: the environment's DAGSTER_OPERATOR_ARTIFACTS, else `.dagster-operator/artifacts`
 */
export function fsIoManager(options: { folder?: string } = {}): IoManagerDefinition {
  return ioManager({
    type: "fs",
    description: "Keeps each value as a file",
    create: () =>
      new FileValues(resolve(options.folder ?? process.env[ARTIFACTS_ENV] ?? ".dagster-operator/artifacts")),
  });
}

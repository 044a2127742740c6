import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
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
    if (context.assetKey === undefined && bytes.length <= SMALL) writeAtOnce(path, bytes);
    else await writeSynced(path, bytes);
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

const SMALL = 64 * 1024;

/**
 * For the small outputs between ops, of which a run may have thousands: no wait for the disk, as the run can be repeated and
 * a file that a power cut emptied is refused when it is read.
 */
function writeAtOnce(path: string, bytes: Buffer): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, bytes, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, bytes, { flag: "wx" });
  }
  renameSync(temporary, path);
}

/** On the disk before the materialization is reported. */
async function writeSynced(path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
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

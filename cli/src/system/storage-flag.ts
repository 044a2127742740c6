import { InvalidInput } from "@dagster-operator/engine";
import { DEFAULT_FOLDER } from "../instance/facts.ts";
import { absolute } from "../workspace/location.ts";

export interface StorageChoice {
  /** Absolute: values, logs and facts, and the database unless `postgres` is set. */
  folder: string;
  postgres?: string | undefined;
  /** For people and for the facts file: never a password. */
  shown: string;
}

/** What --storage names; default a folder here. @throws InvalidInput another scheme */
export function chooseStorage(flag: string | undefined, cwd: string): StorageChoice {
  const folder = absolute(DEFAULT_FOLDER, cwd);
  if (flag === undefined) return { folder, shown: folder };
  if (!/^[a-z][a-z0-9+.-]*:\/\/|^postgres(ql)?:/i.test(flag))
    return { folder: absolute(flag, cwd), shown: absolute(flag, cwd) };
  const url = /^postgres(ql)?:\/\//.test(flag) && URL.canParse(flag) ? new URL(flag) : null;
  if (!url)
    throw new InvalidInput(
      `--storage is a folder or postgres://user:password@host:5432/database, not "${flag}"`,
    );
  if (url.password) url.password = "***";
  return { folder, postgres: flag, shown: url.href };
}

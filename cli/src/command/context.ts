/** What every command starts from: its output, and the system that it talks to. */
import { InvalidInput } from "@dagster-operator/engine";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Client, createClient } from "../graphql/client.ts";
import { findRunning } from "../instance/facts.ts";
import { createOutput, type Format, type Output } from "../output/output.ts";

const DEFAULT_URL = "http://localhost:3000";

export interface OutputOptions {
  output: Format;
}
export interface RemoteOptions extends OutputOptions {
  url?: string;
}

export const withOutput = (command: Command): Command =>
  command.addOption(
    new Option("-o, --output <format>", "text for people, json for scripts")
      .choices(["text", "json"])
      .default("text"),
  );

export const withRemote = (command: Command): Command =>
  withOutput(command).option(
    "--url <url>",
    `the running system (default: $DAGSTER_OPERATOR_URL, else the one started in this folder or above it, else ${DEFAULT_URL})`,
  );

export function connect(options: RemoteOptions): { client: Client; output: Output } {
  return { client: createClient(systemUrl(options.url)), output: createOutput(options.output) };
}

/** @throws InvalidInput not a URL */
function systemUrl(flag: string | undefined, env = process.env, cwd = process.cwd()): string {
  const said = flag ?? (env.DAGSTER_OPERATOR_URL || undefined);
  if (said === undefined) return findRunning(cwd)?.url ?? DEFAULT_URL;
  const url = URL.canParse(said) ? new URL(said) : null;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new InvalidInput(`"${said}" is not the URL of a running system; it looks like ${DEFAULT_URL}`);
  return said;
}

/** For repeated flags. */
export const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `key=value`, repeated. */
export function collectTag(
  value: string,
  before: Record<string, string> | undefined,
): Record<string, string> {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("A tag is written key=value.");
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

export function positive(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError("It must be a whole number from 1.");
  return number;
}

export function port(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65535)
    throw new InvalidArgumentError("A port is a whole number from 0 (any free one) to 65535.");
  return number;
}

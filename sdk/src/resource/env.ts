import { KIND } from "../source.ts";

type Parse = "string" | "number" | "boolean";

/** A reference to an environment variable of the process that will run the code: pages show its name, nobody its value. */
export interface EnvVar<T = unknown> {
  readonly [KIND]: "env";
  readonly variable: string;
  readonly parse: Parse;
  readonly fallback?: T | undefined;
}

const reference =
  <T>(parse: Parse) =>
  (variable: string, options: { default?: T } = {}): EnvVar<T> => ({
    [KIND]: "env",
    variable,
    parse,
    fallback: options.default,
  });

/**
 * Stands for the value of an environment variable wherever a resource is configured. It is read when a run opens the
 * resource; if it is not set there and has no `default`, the step fails and says which resource, field and variable.
 */
export const env = Object.assign(reference<string>("string"), {
  number: reference<number>("number"),
  boolean: reference<boolean>("boolean"),
});

/** Config where each leaf, or the whole, may be a reference to an environment variable. */
export type WithEnv<T> =
  | EnvVar<T>
  | (T extends string | number | boolean | bigint | Date | null | undefined | readonly unknown[]
      ? T | EnvVar<T>
      : { [K in keyof T]: WithEnv<T[K]> });

/** A part of a config: what is left out has a default, or is given in run config. */
export type PartWithEnv<T> = EnvVar<T> | { [K in keyof T]?: WithEnv<T[K]> };

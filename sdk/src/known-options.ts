import { didYouMean } from "./model/nearest-name.ts";

/** Each option of `O` by its name, so that none can be forgotten here. */
export type Known<O> = { readonly [K in keyof O]-?: true };

/** What is wrong with options of which `known` are all; "" = nothing. Names start `what`. */
export function unknownOptions(what: string, options: object, known: Readonly<Record<string, true>>): string {
  for (const name in options) {
    if (known[name] === true) continue;
    const near = didYouMean(name, Object.keys(known));
    return `${what}: there is no option "${name}"${near || `; there are ${Object.keys(known).join(", ")}`}`;
  }
  return "";
}

/**
 * Node leaves types out without looking at them: what is misspelt would count for nothing, and nobody would be told.
 * @throws TypeError an option that there is not
 */
export function onlyKnown(what: string, options: object, known: Readonly<Record<string, true>>): void {
  const problem = unknownOptions(what, options, known);
  if (problem !== "") throw new TypeError(problem);
}

/** Names of objects and of definitions that mean the same: `_`, `-`, `.` and case make no difference. */
export const plainName = (text: string): string => text.toLowerCase().replaceAll(/[_.]/g, "-");

/** The definition of the code that an object of this name means: the very name before one that is like it. */
export const likeNamed = (name: string, names: readonly string[]): string | undefined =>
  names.find((one) => one === name) ?? names.find((one) => plainName(one) === plainName(name));

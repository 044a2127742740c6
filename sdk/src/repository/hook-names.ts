/** As a snapshot has them: absent when there are none. */
export const hookNames = (hooks: readonly { name: string }[]) =>
  hooks.length === 0 ? {} : { hooks: hooks.map(({ name }) => name) };

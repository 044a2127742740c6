/** Advisory locks, all in this file so that no two are alike: (0x6461 "da", number). */
const SPACE = 0x6461;
export const LOCKS = {
  /** One process migrates. */
  migrate: [SPACE, 1],
  /** One caller at a time decides what leaves the queue, which makes the limits exact. */
  queue: [SPACE, 2],
  /** Shared while event ids are given out; held alone for a moment to learn which ids are all committed. */
  eventIds: [SPACE, 3],
  /** Held for as long as a process lives: by the one local system, or shared by the operators of a cluster. */
  launcher: [SPACE, 4],
  /** With a pool's hash as the number: one caller at a time gives out its slots. */
  poolSpace: 0x6470,
} as const;

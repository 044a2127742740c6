export { childEnv, childFlags, childMain, killGroup, Tail } from "./child-process.ts";
export { followParent } from "./follow-parent.ts";

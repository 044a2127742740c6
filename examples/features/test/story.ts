/** Several runs of one system, one after the other, and what must be true between them. */
import type { Ran } from "./case.ts";

export interface Launch {
  job?: string;
  /** Selection of assets. */
  assets?: string;
  partition?: string;
  runConfig?: Record<string, unknown>;
  tags?: Record<string, string>;
}
export interface Ended {
  runId: string;
  status: string;
  ran: Ran;
}
export interface Through {
  /** Launches and waits for the end. @throws when the launch is refused */
  run(launch: Launch, executor?: string): Promise<Ended>;
  /** Launches and does not wait; gives the run id. */
  launch(launch: Launch, executor?: string): Promise<string>;
  ended(runId: string): Promise<Ended>;
  /** Events so far. */
  events(runId: string): Promise<Ran>;
  /** A path of a folder of this system alone. */
  path(name: string): string;
  query<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** Address of the page. */
  url: string;
}
export interface Story {
  title: string;
  tell(through: Through): Promise<void>;
}

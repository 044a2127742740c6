import ELKApi, { type ELK } from "elkjs/lib/elk-api.js";
import elkWorkerUrl from "elkjs/lib/elk-worker.min.js?url";
import { useEffect, useState } from "react";
import { elkLayout } from "./elk-layout.ts";
import { ELK_LIMIT, fastLayout, type Layout, type LayoutInput } from "./layout.ts";

let elk: ELK | null = null;
let worker: Worker | null = null;
let last = 0;

function inWorker(input: LayoutInput): Promise<Layout> {
  worker ??= new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
  const own = worker;
  const id = ++last;
  return new Promise((resolve, reject) => {
    const onMessage = ({ data }: MessageEvent<{ id: number; layout: Layout }>) => {
      if (data.id !== id) return;
      own.removeEventListener("message", onMessage);
      resolve(data.layout);
    };
    own.addEventListener("message", onMessage);
    own.addEventListener(
      "error",
      (event) => reject(new Error(event.message || "The layout worker could not start.")),
      { once: true },
    );
    own.postMessage({ id, input });
  });
}

export interface LayoutState {
  readonly layout: Layout | null;
  readonly busy: boolean;
  readonly error: Error | null;
}

/** Lays `input` out off the main thread; keeps the old picture until the new one is ready. */
export function useLayout(input: LayoutInput | null): LayoutState {
  const [state, setState] = useState<LayoutState>({ layout: null, busy: true, error: null });
  useEffect(() => {
    if (!input) return;
    let stale = false;
    setState((old) => ({ ...old, busy: true, error: null }));
    const collapsed = new Set(input.collapsed);
    const drawn =
      input.nodes.reduce((n, node) => n + (collapsed.has(node.group) ? 0 : 1), 0) + collapsed.size;
    const run = async (): Promise<Layout> => {
      if (drawn === 0) return fastLayout(input);
      if (drawn > ELK_LIMIT || input.edges.length > 4 * ELK_LIMIT) return inWorker(input);
      elk ??= new ELKApi({ workerUrl: elkWorkerUrl });
      try {
        return await elkLayout(elk, input);
      } catch (error) {
        // ELK gives up on rare graphs (a cycle through a group's border); the fast layout never does.
        console.warn("ELK could not lay the graph out, using the fast layout", error);
        return inWorker(input);
      }
    };
    run().then(
      (layout) => stale || setState({ layout, busy: false, error: null }),
      (error: Error) => stale || setState({ layout: null, busy: false, error }),
    );
    return () => {
      stale = true;
    };
  }, [input]);
  return state;
}

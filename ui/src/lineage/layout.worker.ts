import { fastLayout, type LayoutInput } from "./layout.ts";

self.onmessage = ({ data }: MessageEvent<{ id: number; input: LayoutInput }>) => {
  self.postMessage({ id: data.id, layout: fastLayout(data.input) });
};

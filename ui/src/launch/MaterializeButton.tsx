import { IconSparkles } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import type { AssetEntry } from "../assets/asset-graph.ts";

const MaterializeDialog = lazy(() =>
  import("./MaterializeDialog.tsx").then((m) => ({ default: m.MaterializeDialog })),
);

/** "Materialize all", or only the chosen ones when `some`; `verb` for one asset. */
export function MaterializeButton({
  assets,
  some,
  verb,
}: {
  assets: readonly AssetEntry[];
  some: boolean;
  verb?: string;
}) {
  const [open, setOpen] = useState(false);
  const count = assets.filter((asset) => asset.materializable).length;
  return (
    <>
      <WriteButton
        leftSection={<IconSparkles size={15} />}
        disabled={count === 0}
        onClick={() => setOpen(true)}
      >
        {verb ?? (some ? `Materialize selected (${count.toLocaleString()})` : "Materialize all")}
      </WriteButton>
      {open ? (
        <Suspense fallback={null}>
          <MaterializeDialog assets={assets} verb={verb ?? "Materialize"} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

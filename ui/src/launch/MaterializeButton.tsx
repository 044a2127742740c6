import { Button } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { AssetEntry } from "../assets/asset-graph.ts";

const MaterializeDialog = lazy(() =>
  import("./MaterializeDialog.tsx").then((m) => ({ default: m.MaterializeDialog })),
);

/** "Materialize all", or only the chosen ones when `some`. */
export function MaterializeButton({
  assets,
  some,
  label,
}: {
  assets: readonly AssetEntry[];
  some: boolean;
  label?: string;
}) {
  const [open, setOpen] = useState(false);
  const count = assets.filter((asset) => asset.materializable).length;
  return (
    <>
      <Button leftSection={<IconSparkles size={15} />} disabled={count === 0} onClick={() => setOpen(true)}>
        {label ?? (some ? `Materialize selected (${count.toLocaleString()})` : "Materialize all")}
      </Button>
      {open ? (
        <Suspense fallback={null}>
          <MaterializeDialog assets={assets} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

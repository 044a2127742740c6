import { type Share, said } from "./progress.ts";

/** How far partitions are, as a bar that says its numbers. */
export function Progress({ shares }: { shares: readonly Share[] }) {
  return (
    <div>
      <div className="partition-bar" style={{ height: 10 }} role="img" aria-label={said(shares)}>
        {shares.map(({ tone, label, count }) => (
          <span
            key={label}
            className={`tone-${tone}`}
            style={{ flex: count, background: tone === "none" ? "transparent" : "var(--tone)" }}
          />
        ))}
      </div>
      <div className="faint" style={{ fontSize: 12, marginTop: 2 }}>
        {said(shares)}
      </div>
    </div>
  );
}

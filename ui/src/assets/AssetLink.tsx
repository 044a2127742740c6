import { Link } from "@tanstack/react-router";
import { type AssetPath, keyText, keyToUrl } from "./key.ts";

export function AssetLink({ path }: { path: AssetPath }) {
  return (
    <Link to="/assets/$" params={{ _splat: keyToUrl(path) }} title={keyText(path)} className="asset-link">
      {path.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of one key may repeat
        <span key={index} className={index < path.length - 1 ? "prefix" : ""}>
          {part}
          {index < path.length - 1 ? <span className="slash">/</span> : null}
        </span>
      ))}
    </Link>
  );
}

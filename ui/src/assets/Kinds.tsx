/** The technologies of an asset as small coloured marks; the colour comes from the name, so it is stable. */
export function Kinds({ kinds }: { kinds: readonly string[] }) {
  return (
    <>
      {kinds.map((kind) => (
        <span key={kind} className="kind" style={{ "--hue": hue(kind) } as React.CSSProperties}>
          {kind}
        </span>
      ))}
    </>
  );
}

function hue(text: string): number {
  let hash = 7;
  for (const letter of text) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}

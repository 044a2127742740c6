import type { Box } from "./layout.ts";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && a.x + a.width > b.x && a.y < b.y + b.height && a.y + a.height > b.y;
}

/** The part of the graph that is on the screen, with a margin so that a small pan shows no gaps. */
export function screenRect(
  transform: readonly [x: number, y: number, zoom: number],
  width: number,
  height: number,
  margin = 200,
): Rect {
  const [x, y, zoom] = transform;
  return {
    x: (-x - margin) / zoom,
    y: (-y - margin) / zoom,
    width: (width + 2 * margin) / zoom,
    height: (height + 2 * margin) / zoom,
  };
}

/** Boxes sorted into square cells, so that what is on the screen is found without looking at all. */
export class BoxIndex<T extends Box> {
  readonly #cell = 800;
  readonly #boxes: readonly T[];
  readonly #cells = new Map<string, T[]>();

  constructor(boxes: readonly T[]) {
    this.#boxes = boxes;
    for (const box of boxes)
      this.#each(box, (key) => (this.#cells.get(key) ?? this.#cells.set(key, []).get(key))?.push(box));
  }

  within(rect: Rect): T[] {
    // From afar there are more cells on the screen than boxes.
    if ((rect.width / this.#cell) * (rect.height / this.#cell) > this.#boxes.length)
      return this.#boxes.filter((box) => overlaps(box, rect));
    const found = new Set<T>();
    this.#each(rect, (key) => {
      for (const box of this.#cells.get(key) ?? []) if (overlaps(box, rect)) found.add(box);
    });
    return [...found];
  }

  #each(rect: Rect, visit: (key: string) => void): void {
    const size = this.#cell;
    for (let i = Math.floor(rect.x / size); i <= Math.floor((rect.x + rect.width) / size); i++) {
      for (let j = Math.floor(rect.y / size); j <= Math.floor((rect.y + rect.height) / size); j++)
        visit(`${i}:${j}`);
    }
  }
}

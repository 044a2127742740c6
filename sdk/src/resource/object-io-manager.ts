/** Values as objects of a store such as S3: JSON for plain data, bytes and streams as they are. */
import { MetadataValue } from "../metadata/metadata-value.ts";
import {
  addressText,
  type IoManager,
  type ValueAddress,
  ValueNotStored,
  whenNotStored,
} from "./io-manager.ts";
import { firstNotJson } from "./unstorable.ts";
import { valuePath } from "./value-path.ts";

/** What an object store must be able to do for `objectIoManager`. */
export interface ObjectStore {
  /** Stores the object whole or not at all, in the place of an earlier one. */
  put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    about: { contentType: string; signal: AbortSignal },
  ): Promise<void>;
  /** The whole object, or null when there is none. */
  get(
    key: string,
    about: { signal: AbortSignal },
  ): Promise<{ body: Uint8Array; contentType: string | undefined } | null>;
  /** Where a person finds it: `s3://bucket/key`. */
  url(key: string): string;
}

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

const isStream = (value: unknown): value is AsyncIterable<Uint8Array> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

function encode(address: ValueAddress, value: unknown): Uint8Array {
  const found = firstNotJson(value);
  if (found === undefined) return Buffer.from(JSON.stringify(value));
  throw new TypeError(
    `${addressText(address)} cannot be written as JSON: ${found.path || "it"} is ${found.what}. Return plain data, a Uint8Array or a stream of them, or give it an IO manager that can`,
  );
}

/**
 * An IO manager over any object store. Plain data is kept as JSON and refused where JSON would change it; a Uint8Array, or an
 * (async) stream of them, is kept as it is and loaded as a Buffer.
 * @param prefix in front of every key; default none
 */
export function objectIoManager(store: ObjectStore, prefix = ""): IoManager {
  const folder = prefix.replace(/^\/+|\/+$/g, "");
  const keyOf = (address: ValueAddress) => `${folder === "" ? "" : `${folder}/`}${valuePath(address)}`;
  return {
    async handleOutput(context, value) {
      const key = keyOf(context);
      const { signal } = context;
      let size = 0;
      if (value instanceof Uint8Array || isStream(value)) {
        const counted = value instanceof Uint8Array ? value : countBytes(context, value, (n) => (size += n));
        if (value instanceof Uint8Array) size = value.byteLength;
        await store.put(key, counted, { contentType: BYTES_TYPE, signal });
      } else {
        const body = encode(context, value);
        size = body.byteLength;
        await store.put(key, body, { contentType: JSON_TYPE, signal });
      }
      context.metadata({ path: MetadataValue.path(store.url(key)), "size (bytes)": size });
    },
    async loadInput(context) {
      const key = keyOf(context);
      const found = await store.get(key, { signal: context.signal });
      if (found === null)
        throw new ValueNotStored(
          `${addressText(context)} is not stored: there is no object ${store.url(key)}; ${whenNotStored(context)}`,
        );
      const { body, contentType } = found;
      if (contentType !== JSON_TYPE) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      try {
        return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
      } catch (cause) {
        throw new Error(
          `the object of ${addressText(context)} is damaged: ${store.url(key)} is not JSON. Materialize it again`,
          { cause },
        );
      }
    },
  };
}

async function* countBytes(
  address: ValueAddress,
  stream: AsyncIterable<Uint8Array>,
  add: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array))
      throw new TypeError(
        `${addressText(address)} is a stream with a chunk of type ${typeof chunk}: give bytes (Uint8Array)`,
      );
    add(chunk.byteLength);
    yield chunk;
  }
}

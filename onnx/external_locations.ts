/**
 * Finds the files that an encoded model has weights in.
 * @module
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** Numbers of fields in onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). */
const fields = { graph: 7, initializer: 5, name: 8, externalData: 13, key: 1, value: 2 } as const;

/** A tensor whose numbers lie outside of its model. */
export interface ExternalTensor {
  readonly name: string;
  /** What the model says about the place, in its order: `location`, `offset`, `length`. */
  readonly entries: readonly (readonly [key: string, value: string])[];
}

/** Every initializer of a model whose numbers lie outside of it. */
export function* externalData(model: Uint8Array): Generator<ExternalTensor> {
  for (const graph of messages(model, fields.graph)) {
    for (const tensor of messages(graph, fields.initializer)) {
      const entries = [...messages(tensor, fields.externalData)].map((entry) =>
        [text(entry, fields.key), text(entry, fields.value)] as const
      );
      if (entries.length > 0) yield { name: text(tensor, fields.name), entries };
    }
  }
}

/** The locations that a model's initializers name as external data, each once, in their order. */
export function externalLocations(model: Uint8Array): string[] {
  const entries = [...externalData(model)].flatMap(({ entries }) => entries);
  return [...new Set(entries.filter(([key]) => key === "location").map(([, value]) => value))];
}

/** The messages or texts that a message has under a number; others are passed over. */
function* messages(bytes: Uint8Array, wanted: number): Generator<Uint8Array> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted && type === WireType.LengthDelimited) yield reader.bytes();
    else reader.skip(type, field);
  }
}

function text(entry: Uint8Array, field: number): string {
  const [bytes = new Uint8Array()] = messages(entry, field);
  return new TextDecoder().decode(bytes);
}

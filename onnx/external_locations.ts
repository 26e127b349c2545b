/**
 * Finds the files that an encoded model has weights in.
 * @module
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** Numbers of fields in onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). */
const fields = { graph: 7, initializer: 5, externalData: 13, key: 1, value: 2 } as const;

/** The locations that a model's initializers name as external data, each once, in their order. */
export function externalLocations(model: Uint8Array): string[] {
  const found = new Set<string>();
  for (const graph of messages(model, fields.graph)) {
    for (const tensor of messages(graph, fields.initializer)) {
      for (const entry of messages(tensor, fields.externalData)) {
        const [key, value] = [text(entry, fields.key), text(entry, fields.value)];
        if (key === "location") found.add(value);
      }
    }
  }
  return [...found];
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

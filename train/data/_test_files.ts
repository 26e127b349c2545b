/**
 * Small files for the tests of this folder.
 * @module
 */
import { dirname, join } from "node:path";
import { concat } from "../../images/concat.ts";
import { encodePng } from "../../images/png_encode.ts";

/** A PNG of one colour (channels of 0 to 255). */
export function plainPng(width: number, height: number, { colour = [200, 100, 50] }: { colour?: number[] } = {}) {
  const data = Uint8Array.from({ length: width * height * colour.length }, (_, i) => colour[i % colour.length]!);
  return encodePng({ width, height, channels: colour.length as 1 | 3 | 4, data });
}

/** A NumPy array as NumPy writes it; `type` is its name with byte order, such as `<u2`. */
export function npyFile(type: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  // The header ends with a line feed at a multiple of 64 bytes.
  const header = new TextEncoder().encode(text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n");
  const start = Uint8Array.of(
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    header.length & 255,
    header.length >> 8,
  );
  return concat([start, header, data]);
}

/** Writes files below a folder, making folders on the way. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
}

/** One member of a {@linkcode tarFile}. */
export interface TarMember {
  readonly name: string;
  readonly data: string | Uint8Array;
  /** Default a regular file. */
  readonly type?: string;
  /** The field of the size, where it is not the usual octal number. */
  readonly size?: Uint8Array;
}

/** A ustar archive. */
export function tarFile(members: readonly TarMember[]): Uint8Array {
  const encoder = new TextEncoder();
  const parts = members.flatMap(({ name, data, type = "0", size }) => {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    const header = new Uint8Array(512);
    header.set(encoder.encode(name).subarray(0, 100), 0);
    header.set(encoder.encode("0000644\0"), 100);
    header.set(size ?? encoder.encode(`${bytes.length.toString(8).padStart(11, "0")}\0`), 124);
    header.set(encoder.encode("        "), 148);
    header.set(encoder.encode(type), 156);
    header.set(encoder.encode("ustar\0" + "00"), 257);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.set(encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    return [header, bytes, new Uint8Array((512 - bytes.length % 512) % 512)];
  });
  return concat([...parts, new Uint8Array(1024)]);
}

/**
 * Reads safetensors files tensor by tensor, never as a whole.
 * @module
 */

import { CheckpointError } from "../errors.ts";
import { type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { type FixedFile, openFixedFile } from "./fixed_file.ts";
import { quote, quoteSome } from "./quote.ts";
import { headerEnd, isReadable, parseSafetensorsHeader, type SafetensorsHeader } from "./safetensors_header.ts";

/** An opened safetensors file: its header is checked and in memory, its tensors are on the disk. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /** The file itself, for reading parts of tensors. */
  readonly file: FixedFile;
  /**
   * Reads one tensor.
   *
   * @throws {CheckpointError} where there is none of that name, its dtype has no typed array (fp8 and the like), or the file has
   * changed since it was opened
   */
  read(name: string): Promise<Tensor>;
  /**
   * Looks whether the file is still the one that was opened, by its size and the time it was written; nothing of it is read.
   *
   * @throws {CheckpointError} where it has changed or is gone
   */
  checkUnchanged(): Promise<void>;
}

/**
 * Opens a safetensors file by reading and checking its header.
 *
 * Nothing is allocated before the header's length is known to fit both the file and 100 MB; no handle stays open.
 *
 * @throws {CheckpointError} where the file is missing, cut, or breaks a rule of the format, naming file, tensor, and expected and
 * actual values
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where it may not be read
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFixedFile(path, "a safetensors file");
  const source = { name: path, size: file.size };
  const end = headerEnd(await file.read(0, Math.min(8, file.size)), source);
  const header = parseSafetensorsHeader(await file.read(0, end), source);
  return {
    ...header,
    path,
    size: file.size,
    file,
    async read(name) {
      const entry = header.tensors.get(name);
      if (entry === undefined) {
        throw new CheckpointError(`${path}: no tensor ${quote(name)} but ${quoteSome([...header.tensors.keys()])}`);
      }
      const { dtype, shape, start, end } = entry;
      if (!isReadable(dtype)) {
        throw new CheckpointError(
          `${path}: tensor ${quote(name)} is ${dtype}, which cannot be read here; save it as F32, F16 or BF16`,
        );
      }
      return tensorFromBytes(dtype, shape, await file.read(start, end - start));
    },
    checkUnchanged: file.checkUnchanged,
  };
}

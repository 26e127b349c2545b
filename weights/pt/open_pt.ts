/**
 * Opens what `torch.save` writes: a zip file with a pickle that describes tensors, and an entry of plain numbers for each storage.
 *
 * The layout is that of PyTorch 1.6 and later (`caffe2/serialize/inline_container.cc`): `NAME/data.pkl`, `NAME/data/KEY`, and a few
 * small entries beside them. The older form, pickles one after the other, is refused.
 * @module
 */
import { crc32 } from "node:zlib";
import { CheckpointError } from "../../errors.ts";
import { bytesOf } from "../../tensor/tensor.ts";
import { type FixedFile, openFixedFile } from "../fixed_file.ts";
import { quote, quoteSome } from "../quote.ts";
import type { PickledTensor, PickleValue } from "./pickle_values.ts";
import { unpickle } from "./unpickle.ts";
import { readZipDirectory, type ZipEntry } from "./zip_directory.ts";

/** An opened `.pt` file: its description is in memory, its numbers are on the disk. */
export interface PtFile {
  readonly file: FixedFile;
  /** What was saved. */
  readonly root: PickleValue;
  /**
   * Byte of the file at which a storage begins.
   *
   * @throws {CheckpointError} where there is no such storage, or it has another size than the tensor says
   */
  storageStart(tensor: PickledTensor): number;
}

/** Pickles of checkpoints with tens of thousands of tensors have a few MB. */
const maxPickleBytes = 1 << 25;

/** First bytes of the form before zip files: protocol 2 and a number of 10 bytes, 0x1950a86a20f9469cfc6c. */
const legacyStart = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** Small entries that say nothing about the weights; TorchScript's `code/` and `constants.pkl` are not among them. */
const known = ["data.pkl", "version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"];

/** Whether bytes are those that a `.pt` file begins with, of either form. */
export function isPt(start: Uint8Array): boolean {
  const isZip = start[0] === 0x50 && start[1] === 0x4b && start[2] === 0x03 && start[3] === 0x04;
  return isZip || legacyStart.every((byte, i) => start[i] === byte);
}

/**
 * Opens a `.pt` file.
 *
 * @throws {CheckpointError} where it is damaged, of the older form, no file of `torch.save`, written on a machine of the other byte
 * order, or holds anything but tensors and plain containers
 */
export async function openPt(path: string): Promise<PtFile> {
  const file = await openFixedFile(path, "a .pt file");
  const start = await file.read(0, Math.min(legacyStart.length, file.size));
  if (legacyStart.every((byte, i) => start[i] === byte)) {
    throw new CheckpointError(
      `${path}: it has the form of PyTorch before 1.6, which is not read; save it again with a newer one, or as safetensors`,
    );
  }
  const entries = await readZipDirectory(file);
  const prefix = prefixOf(entries, path);
  const odd = [...entries.keys()].filter((name) => !isKnown(name, prefix));
  if (odd.length > 0) {
    throw new CheckpointError(
      `${path}: not a file of torch.save, it has the entries ${
        quoteSome(odd)
      }; a TorchScript file holds code and is not read`,
    );
  }
  await checkByteOrder(file, entries.get(`${prefix}byteorder`));
  const root = unpickle(await readPickle(file, entries.get(`${prefix}data.pkl`)!), { name: path });
  return {
    file,
    root,
    storageStart({ storage, dtype, elements }) {
      const entry = entries.get(`${prefix}data/${storage}`);
      if (!entry) throw new CheckpointError(`${path}: there is no storage ${quote(storage)}`);
      const bytes = elements * bytesOf(dtype);
      if (entry.end - entry.start !== bytes) {
        throw new CheckpointError(
          `${path}: expected ${bytes} bytes in storage ${quote(storage)} but found ${entry.end - entry.start}`,
        );
      }
      return entry.start;
    },
  };
}

/** The folder of all entries, with a slash at its end. */
function prefixOf(entries: ReadonlyMap<string, ZipEntry>, path: string): string {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [first, second] = pickles;
  if (first === undefined || second !== undefined) {
    const found = first === undefined ? "none" : quoteSome(pickles);
    throw new CheckpointError(`${path}: not a file of torch.save, expected one NAME/data.pkl but found ${found}`);
  }
  return first.slice(0, -"data.pkl".length);
}

function isKnown(name: string, prefix: string): boolean {
  if (!name.startsWith(prefix)) return false;
  const own = name.slice(prefix.length);
  return known.includes(own) || /^data\/[^/]+$/.test(own);
}

async function checkByteOrder(file: FixedFile, entry: ZipEntry | undefined): Promise<void> {
  // Files from before PyTorch 2.1 do not say it; they are little-endian.
  if (!entry) return;
  const order = new TextDecoder().decode(await file.read(entry.start, Math.min(16, entry.end - entry.start)));
  if (order === "little") return;
  throw new CheckpointError(`${file.path}: expected numbers in the byte order "little" but found ${quote(order)}`);
}

async function readPickle(file: FixedFile, { start, end, crc }: ZipEntry): Promise<Uint8Array> {
  if (end - start > maxPickleBytes) {
    throw new CheckpointError(
      `${file.path}: expected a description of at most ${maxPickleBytes} bytes but found ${end - start}`,
    );
  }
  const bytes = await file.read(start, end - start);
  if (crc32(bytes) !== crc) {
    throw new CheckpointError(`${file.path}: its description of the tensors is damaged; get the file again`);
  }
  return bytes;
}

/**
 * The JPEG and WebP codecs: MozJPEG and libwebp as WebAssembly (npm @jsquash/jpeg and @jsquash/webp).
 *
 * WebAssembly rather than imagescript's native addon: a hostile file can at worst end its own instance, no `--allow-ffi` is
 * needed, it runs wherever Deno does, and it decodes WebP, which imagescript does not. A codec takes 5 to 35 ms to load, and
 * does so at its first use.
 * @module
 */

/** The pixels of a decoded picture: RGBA, 8 bits. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** What the instances of the four modules can do; each module has one of the two functions. */
interface Functions {
  /** RGBA of a file, or null where it is damaged. Only the JPEG decoder takes (and needs) `upright`. */
  decode(data: Uint8Array, upright?: boolean): RgbaImage | null;
  /** A file of RGBA, or null where the options are impossible. */
  encode(data: Uint8Array, width: number, height: number, options: object): Uint8Array | null;
}

/** The name of one of the four modules. */
export type WasmCodecName = keyof typeof codecs;

// Every specifier is a literal, so that `deno cache` and `deno compile` find what they have to bring.
const codecs = {
  jpegEncoder: {
    factory: () => import("@jsquash/jpeg/codec/enc/mozjpeg_enc.js"),
    wasm: () => import.meta.resolve("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"),
  },
  jpegDecoder: {
    factory: () => import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js"),
    wasm: () => import.meta.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"),
  },
  webpEncoder: {
    factory: () => import("@jsquash/webp/codec/enc/webp_enc_simd.js"),
    wasm: () => import.meta.resolve("@jsquash/webp/codec/enc/webp_enc_simd.wasm"),
  },
  webpDecoder: {
    factory: () => import("@jsquash/webp/codec/dec/webp_dec.js"),
    wasm: () => import.meta.resolve("@jsquash/webp/codec/dec/webp_dec.wasm"),
  },
};

const compiled = new Map<WasmCodecName, Promise<WebAssembly.Module>>();

/** A fresh codec, and what it prints. */
export interface WasmCodec extends Functions {
  /** Complaints about the picture, which the codec survived. */
  readonly messages: string[];
}

/**
 * Makes a new instance of a codec: about a millisecond once the module is compiled.
 *
 * Take one for each picture: the memory of an instance never shrinks, and one that has trapped must not be used again.
 *
 * @throws {Deno.errors.NotCapable} where `--allow-read` does not cover the package cache
 */
export async function instantiateCodec(name: WasmCodecName): Promise<WasmCodec> {
  const { factory, wasm } = codecs[name];
  const { default: create } = await factory() as unknown as { default: (options: object) => Promise<Functions> };
  let module = compiled.get(name);
  if (module === undefined) {
    module = Deno.readFile(new URL(wasm())).then((bytes) => WebAssembly.compile(bytes));
    compiled.set(name, module);
    module.catch(() => compiled.delete(name));
  }
  const loaded = await module;
  const messages: string[] = [];
  const note = (message: string) => void messages.push(message);
  const instance = await create({
    noInitialRun: true,
    print: note,
    printErr: note,
    instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
      const wasm = new WebAssembly.Instance(loaded, imports);
      done(wasm);
      return wasm.exports;
    },
  });
  return Object.assign(instance, { messages });
}

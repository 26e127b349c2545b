/**
 * Keeps ONNX Runtime from reporting usage.
 *
 * From 1.29 on its official builds send events over the network and write a device id into the user's cache folder, unless
 * `ORT_DISABLE_TELEMETRY=1` is in the process's environment before the library is loaded (microsoft/onnxruntime, pull
 * request 27379). Painting a picture is nobody else's business.
 * @module
 */

const name = "ORT_DISABLE_TELEMETRY";

const libraries: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

/**
 * Sets the variable where native code looks for it: `Deno.env.set` keeps it inside Deno. A value that the user gave stays.
 *
 * Windows needs nothing: its builds use the system's event tracing, which the system's own settings rule.
 */
export function disableTelemetry(): void {
  const library = libraries[Deno.build.os];
  if (library === undefined || Deno.env.get(name) !== undefined) return;
  using libc = Deno.dlopen(library, { setenv: { parameters: ["buffer", "buffer", "i32"], result: "i32" } });
  libc.symbols.setenv(text(name), text("1"), 1);
}

/**
 * Ends a download that nothing more comes from.
 * @module
 */
import { openBody, pieceBytes } from "./body_reader.ts";

/**
 * Hands an answer on, its body ending with an error once nothing has come for a time.
 *
 * @param options.seconds that may pass between two pieces, counted while somebody waits for one
 * @param options.stop ends the request
 */
export function watchStall(
  response: Response,
  { seconds, stop }: { seconds: number; stop: AbortController },
): Response {
  if (!response.body) return response;
  const reader = openBody(response.body);
  let waiting = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const check = () => {
    if (waiting > 0 && performance.now() - waiting > seconds * 1000) {
      stop.abort(new DOMException(`nothing came for ${seconds} s`, "TimeoutError"));
    }
  };
  const end = () => clearInterval(timer);
  const body = new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: pieceBytes,
    async pull(controller) {
      timer ??= setInterval(check, Math.max(10, seconds * 250));
      waiting = performance.now();
      const request = controller.byobRequest!;
      try {
        const piece = await reader.read(request.view as Uint8Array<ArrayBuffer>);
        if (piece.byteLength === 0) {
          end();
          controller.close();
        }
        request.respondWithNewView(piece);
      } catch (error) {
        end();
        throw error;
      } finally {
        waiting = 0;
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  const { status, statusText, headers } = response;
  return new Response(status === 204 ? null : body, { status, statusText, headers });
}

/**
 * Ends a download that nothing more comes from.
 * @module
 */

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
  const reader = response.body.getReader();
  let waiting = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const check = () => {
    if (waiting > 0 && performance.now() - waiting > seconds * 1000) {
      stop.abort(new DOMException(`nothing came for ${seconds} s`, "TimeoutError"));
    }
  };
  const end = () => clearInterval(timer);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      timer ??= setInterval(check, Math.max(10, seconds * 250));
      waiting = performance.now();
      try {
        const { done, value } = await reader.read();
        if (done) {
          end();
          controller.close();
        } else controller.enqueue(value);
      } catch (error) {
        end();
        throw error;
      } finally {
        waiting = 0;
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason).catch(() => {});
    },
  }, { highWaterMark: 0 });
  const { status, statusText, headers } = response;
  return new Response(status === 204 ? null : body, { status, statusText, headers });
}

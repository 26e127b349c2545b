/**
 * Peak memory of a process, from Linux' `/proc`.
 * @module
 */

/** Most memory that a process held, in bytes. */
export interface PeakMemory {
  /** `VmHWM`, kept by the kernel: exact. */
  readonly peak: number;
  /** Parts at the largest sample: the process's own pages, and those of mapped files, which the kernel can drop and read again. */
  readonly anonymous: number;
  readonly file: number;
}

const interval = 20;

/** The values of `/proc/<pid>/status` that are given in kB, in bytes; undefined where there is no such file. */
function readStatus(pid: number): Map<string, number> | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/status`);
    return new Map([...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name, kB]) => [name!, 1024 * Number(kB)]));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Watches a process from outside, every 20 ms, so that no long call of its own hides the peak. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #largest = 0;
  #peak: PeakMemory | undefined;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), interval);
  }

  /** Ends watching; undefined where the system does not tell. Call it while the process is there. */
  stop(): PeakMemory | undefined {
    clearInterval(this.#timer);
    this.#sample();
    return this.#peak;
  }

  #sample(): void {
    const status = readStatus(this.#pid);
    const peak = status?.get("VmHWM");
    if (status === undefined || peak === undefined) return;
    const resident = status.get("VmRSS") ?? 0;
    if (resident >= this.#largest || this.#peak === undefined) {
      this.#largest = resident;
      this.#peak = { peak, anonymous: status.get("RssAnon") ?? 0, file: status.get("RssFile") ?? 0 };
    } else this.#peak = { ...this.#peak, peak };
  }
}

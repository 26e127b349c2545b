/**
 * Shows downloads on standard error: a line a file, and one of all with the time that is left.
 * @module
 */
import { environmentVariable } from "../files/environment_variable.ts";
import type { HubEvent } from "../hub/repository.ts";
import { isTrue } from "../hub/settings.ts";
import type { HubOptions } from "../pipeline/fetch_model.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { formatSeconds } from "./_progress.ts";
import { canRedraw, type Terminal, warn } from "./_terminal.ts";
import { fitText, visibleText } from "./_text_width.ts";

interface File {
  readonly name: string;
  readonly size: number;
  done: number;
  /** Most that was ever there, what an earlier run has left included: only what is beyond was fetched. */
  most: number;
  /** Milliseconds at its first byte. */
  started: number | undefined;
}

const minInterval = 100;

/** Downloads of one command. On a terminal its lines are redrawn and vanish at the end; elsewhere each file is one line when it is there. */
export class DownloadProgress implements Disposable {
  readonly #terminal: Terminal;
  readonly #isHidden: boolean;
  readonly #now: () => number;
  readonly #files = new Map<string, File>();
  #fetched = 0;
  #begun: number | undefined;
  #drawn = -Infinity;
  #lines = 0;

  /** @param options.isHidden shows warnings only */
  constructor(
    { terminal, isHidden = false, now = () => performance.now() }: {
      terminal: Terminal;
      isHidden?: boolean;
      now?: () => number;
    },
  ) {
    this.#terminal = terminal;
    this.#isHidden = isHidden;
    this.#now = now;
  }

  /** Takes what happens. */
  take(event: HubEvent): void {
    if (event.type === "warning") {
      this.clear();
      warn(event.message, this.#terminal);
    } else if (event.type === "fetch") {
      for (const { path, size, here } of event.files) {
        const name = `${event.id}/${path}`;
        this.#files.set(name, { name, size, done: here, most: here, started: undefined });
      }
      this.#begun ??= this.#now();
    } else this.#advance(event);
  }

  /** Erases the lines, so that something else can be written. */
  clear(): void {
    if (this.#lines > 0) this.#terminal.write(`\x1b[${this.#lines}A\r\x1b[J`);
    this.#lines = 0;
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #advance({ id, path, done, total }: Extract<HubEvent, { type: "progress" }>): void {
    const name = `${id}/${path}`;
    const file = this.#files.get(name) ?? { name, size: total, done: 0, most: 0, started: undefined };
    this.#files.set(name, file);
    const wasDone = file.done >= file.size && file.started !== undefined;
    file.started ??= this.#now();
    this.#fetched += Math.max(0, done - file.most);
    file.most = Math.max(file.most, done);
    file.done = done;
    if (this.#isHidden) return;
    if (canRedraw(this.#terminal)) this.#draw(done >= total);
    else if (done >= total && !wasDone) {
      const seconds = (this.#now() - file.started) / 1000;
      this.#terminal.write(`fetched ${visibleText(name)}: ${formatBytes(total)} in ${formatSeconds(seconds)}\n`);
    }
  }

  #draw(isFinal: boolean): void {
    const now = this.#now();
    if (!isFinal && now - this.#drawn < minInterval) return;
    this.#drawn = now;
    const columns = this.#terminal.columns() - 1;
    const running = [...this.#files.values()].filter(({ done, size, started }) => started !== undefined && done < size);
    const lines = running.slice(0, Math.max(1, this.#terminal.rows() - 3)).map(({ name, done, size }) =>
      line(name, { done, size, columns })
    );
    const all = [...this.#files.values()];
    const [done, size] = [sum(all, "done"), sum(all, "size")];
    const finished = all.filter((file) => file.done >= file.size && file.started !== undefined).length;
    lines.push(line(`${finished} of ${all.length} files`, { done, size, columns, tail: this.#left(size - done) }));
    this.clear();
    this.#terminal.write(`${lines.join("\n")}\n`);
    this.#lines = lines.length;
  }

  /** Speed, and time left at it. */
  #left(bytes: number): string {
    const seconds = (this.#now() - (this.#begun ?? this.#now())) / 1000;
    if (this.#fetched === 0 || seconds === 0) return "  … left";
    const speed = this.#fetched / seconds;
    return `  ${formatBytes(speed)}/s  ${formatSeconds(bytes / speed)} left`;
  }
}

function sum(files: readonly File[], key: "done" | "size"): number {
  return files.reduce((all, file) => all + file[key], 0);
}

function line(
  name: string,
  { done, size, columns, tail = "" }: { done: number; size: number; columns: number; tail?: string },
): string {
  const percent = `${Math.floor(100 * (size === 0 ? 1 : done / size))} %`.padStart(5);
  const numbers = `${percent}  ${formatBytes(done)} of ${formatBytes(size)}${tail}`;
  const room = Math.max(8, columns - numbers.length - 1);
  const shown = visibleText(name);
  const short = shown.length > room ? `…${shown.slice(-(room - 1))}` : shown;
  return fitText(`${short.padEnd(Math.min(room, 60))} ${numbers}`, columns);
}

/** How a command fetches models from the hub: shown on its terminal, ended by its signal. */
export async function watchDownloads(
  { terminal, quiet = false, signal, acceptLicense = false }: {
    terminal: Terminal;
    quiet?: boolean | undefined;
    signal?: AbortSignal | undefined;
    acceptLicense?: boolean | undefined;
  },
): Promise<{ readonly hub: HubOptions } & Disposable> {
  const isHidden = quiet || isTrue(await environmentVariable("HF_HUB_DISABLE_PROGRESS_BARS"));
  const progress = new DownloadProgress({ terminal, isHidden });
  return {
    hub: { onEvent: (event) => progress.take(event), signal, acceptLicense },
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  };
}

/** A name, which may hold colons itself, and its settings. */
const pattern = /^(.+?):([A-Za-z]\w*=.*|\{.*)$/s;

/** Takes a value of `--post` apart: `resize:scale=2` is `resize` with the settings `scale=2`. */
export function splitPost(text: string): { name: string; settings: string } {
  const [, name = text, settings = ""] = pattern.exec(text) ?? [];
  return { name, settings };
}

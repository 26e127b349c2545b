/// <reference lib="dom" />
import type { PaintRequest } from "./messages.ts";

/** A picture of the strip. */
export interface StripPicture extends PaintRequest {
  /** Leads to its PNG. */
  readonly url: string;
}

/** The pictures that were painted, newest first; each is a button that shows it again. */
export class Strip {
  readonly #list: HTMLElement;
  readonly #choose: (picture: StripPicture) => void;

  /** Takes over an empty list. */
  constructor(list: HTMLElement, { choose }: { choose: (picture: StripPicture) => void }) {
    this.#list = list;
    this.#choose = choose;
  }

  /** Adds a picture, which is the one that is shown. */
  add(picture: StripPicture): void {
    this.#list.querySelector(".none")?.remove();
    const image = Object.assign(document.createElement("img"), {
      src: picture.url,
      alt: `${picture.prompt}, seed ${picture.seed}, ${picture.steps} steps`,
      width: 96,
      height: 96,
    });
    const button = Object.assign(document.createElement("button"), { type: "button", title: image.alt });
    button.append(image);
    button.addEventListener("click", () => {
      this.#mark(button);
      this.#choose(picture);
    });
    const item = document.createElement("li");
    item.append(button);
    this.#list.prepend(item);
    this.#mark(button);
    this.#list.scrollTo({ left: 0 });
  }

  #mark(shown: HTMLElement): void {
    for (const button of this.#list.querySelectorAll("button")) button.removeAttribute("aria-current");
    shown.setAttribute("aria-current", "true");
  }
}

// The worker as functions: each asks it for one thing, and promises the answer.

export class Engine {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #number = 0;

  /** `onLoaded` is told of bytes as they come. */
  constructor(onLoaded) {
    this.#worker.onmessage = ({ data }) => {
      if (data.loaded) return onLoaded(data.loaded);
      const { resolve, reject } = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      return data.error ? reject(new Error(data.error)) : resolve(data.made);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.#waiting.values()) reject(new Error(event.message));
      this.#waiting.clear();
    };
  }

  #ask(what, given = {}, buffers = []) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#number, { resolve, reject });
      this.#worker.postMessage({ id: this.#number, what, given }, buffers);
    });
  }

  start(wanted, channels) {
    return this.#ask("start", { wanted, channels });
  }

  style({ data, width, height }) {
    return this.#ask("style", { pixels: data, width, height }, [data.buffer]);
  }

  prefetch() {
    return this.#ask("prefetch");
  }

  photo({ data, width, height }) {
    return this.#ask("photo", { pixels: data, width, height }, [data.buffer]);
  }

  /** `asked` has mean, std, strength and colors. */
  picture(asked) {
    return this.#ask("picture", asked);
  }

  recolor(pixels, photo, width, height) {
    return this.#ask("recolor", { pixels, photo, width, height }, [pixels.buffer, photo.buffer]);
  }
}

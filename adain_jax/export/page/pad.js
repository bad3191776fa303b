// A square on which a point mixes two, three or four paintings.

const PLACES = {
  1: [[0.5, 0.5]],
  2: [[0, 0.5], [1, 0.5]],
  3: [[0, 0], [1, 0], [0.5, 1]],
  4: [[0, 0], [1, 0], [0, 1], [1, 1]],
};
const STEP = 0.05; // by a key

/** The shares of so many paintings at a point of the unit square; their sum is 1. */
export function shares(count, [x, y]) {
  if (count < 2) return [1];
  if (count === 2) return [1 - x, x];
  if (count === 4) return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const right = x - y / 2; // of a triangle; beside it, the nearest of its sides
  const raw = [1 - y - right, right, y].map((share) => Math.max(0, share));
  const sum = raw[0] + raw[1] + raw[2];
  return raw.map((share) => share / sum);
}

export class Pad {
  point = [0.5, 0.5];

  /** `onMove` is called when the point moves. */
  constructor(element, knob, onMove) {
    this.element = element;
    this.knob = knob;
    this.onMove = onMove;
    const follow = (event) => {
      const box = element.getBoundingClientRect();
      this.#move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      follow(event);
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) follow(event);
    });
    element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const way = by[event.key];
      if (!way) return;
      event.preventDefault();
      this.#move(this.point[0] + STEP * way[0], this.point[1] + STEP * way[1]);
    });
  }

  /** Show paintings at their places, each with its title and look; `say` tells of their shares. */
  show(paintings, say) {
    this.say = say;
    this.count = paintings.length;
    this.element.hidden = this.count < 2;
    for (const old of this.element.querySelectorAll("img")) old.remove();
    if (this.element.hidden) return;
    paintings.forEach((painting, i) => {
      const image = new Image();
      image.src = painting.look;
      image.alt = "";
      image.draggable = false;
      const [x, y] = PLACES[this.count][i];
      image.style.setProperty("--x", x);
      image.style.setProperty("--y", y);
      this.element.prepend(image);
    });
    this.#tell();
  }

  get shares() {
    return shares(this.count, this.point);
  }

  #move(x, y) {
    this.point = [x, y].map((at) => Math.min(1, Math.max(0, at)));
    this.#tell();
    this.onMove();
  }

  #tell() {
    this.knob.style.setProperty("--x", this.point[0]);
    this.knob.style.setProperty("--y", this.point[1]);
    this.element.setAttribute("aria-valuenow", Math.round(100 * this.point[0]));
    this.element.setAttribute("aria-valuetext", this.say(this.shares));
  }
}

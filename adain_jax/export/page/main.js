// The page: what is chosen, and what is shown of it.

import { Camera } from "./camera.js";
import { Engine } from "./engine.js";
import { canvasOf, decoded, download, fileIn, pixelsOf, scaled } from "./files.js";
import { keep } from "./keep.js";
import { Pad } from "./pad.js";
import { strings } from "./strings.js";

const SIDES = [256, 384, 512, 768, 1024, 1536];
const USUAL = 512; // of the longer side
const LIVE = 256; // likewise, of the camera
const MOST_PIXELS = 4 << 20; // that are computed at once; more would not fit in the memory
const MOST_MIXED = 4;
const SHOWN = 2048; // of the photo's longer side, on the screen

const $ = (id) => document.getElementById(id);
const [stage, frame, before, after] = ["stage", "frame", "before", "after"].map($);

let site, engine, where;
let photo = null; // {image, name, width, height}
let encoded = ""; // which photo the engine has, at which size
let photos = 0;
let made = null; // what is shown: {width, height}
let rate = 0; // milliseconds a pixel, of a photo's encoding and a picture
let encoding = 0; // milliseconds, of the last photo
const paintings = []; // {title, look, mean, std, button}
let chosen = []; // of these

const pad = new Pad($("pad"), $("knob"), refresh);
const camera = new Camera($("video"));

/* What is told. */

function say(text) {
  $("status").textContent = text;
}

function fail(text) {
  $("error").textContent = text;
}

const isMemory = (error) => /memory|alloc|bad_alloc|RangeError/i.test(String(error));
const inWords = (error) => (isMemory(error) ? strings.tooLarge : strings.failed(error.message));

/* Pictures, the last that was asked for. */

let asked = false;
let running = null;

function refresh() {
  asked = true;
  running ??= work().finally(() => (running = null));
  return running;
}

async function work() {
  if (!engine?.ready) return;
  stage.ariaBusy = "true";
  while (asked) {
    asked = false;
    try {
      await make();
    } catch (error) {
      console.error(error);
      encoded = "";
      fail(inWords(error));
    }
  }
  stage.ariaBusy = "false";
}

async function make() {
  if (!photo || !chosen.length) return;
  const current = photo;
  const { width, height } = sizeNow();
  const key = `${photo.number} ${width} ${height}`;
  if (encoded !== key) {
    encoded = "";
    encoding = (await engine.photo(pixelsOf(photo.image, width, height))).ms;
    encoded = key;
  }
  const picture = await engine.picture({
    ...mixed(),
    strength: $("strength").value / 100,
    colors: $("colors").checked,
  });
  if (current !== photo && !camera.on) return; // the next turn makes that of the new photo
  show(picture);
  rate = (encoding + picture.ms) / (width * height);
  if (!camera.on) {
    say(strings.made(width, height, picture.ms, where));
    showSizes();
  }
}

function mixed() {
  const shares = pad.shares;
  const meanOf = (name) =>
    chosen[0][name].map((_, c) => chosen.reduce((sum, x, i) => sum + shares[i] * x[name][c], 0));
  return { mean: meanOf("mean"), std: meanOf("std") };
}

function show({ pixels, width, height }) {
  if (after.width !== width || after.height !== height) {
    after.width = width;
    after.height = height;
  }
  after.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  made = { width, height };
  frame.dataset.made = "yes";
  $("save").disabled = false;
}

/* The photo. */

function setPhoto(image, name) {
  photo?.image.close?.();
  photo = { image, name, width: image.width, height: image.height, number: ++photos };
  const shown = scaled(photo, Math.min(1, SHOWN / Math.max(photo.width, photo.height)));
  before.width = shown.width;
  before.height = shown.height;
  before.getContext("2d").drawImage(canvasOf(image, shown.width, shown.height), 0, 0);
  stage.style.setProperty("--ratio", photo.width / photo.height);
  frame.hidden = false;
  $("empty").hidden = true;
}

async function takePhoto(blob, name) {
  fail("");
  const image = await read(blob, name);
  if (!image) return;
  stopCamera();
  delete frame.dataset.made;
  $("save").disabled = true;
  setPhoto(image, withoutSuffix(name));
  showSizes();
  await refresh();
}

/** A file as an image; nothing, and a word on it, if it is none. */
async function read(blob, name) {
  stage.ariaBusy = "true";
  try {
    return await decoded(blob);
  } catch {
    fail(strings.notAPicture(name));
    return null;
  } finally {
    stage.ariaBusy = String(Boolean(running));
  }
}

const withoutSuffix = (name) => name.replace(/\.[^.]*$/, "");

/** The size of the picture that is chosen: of the photo, or of its longer side. */
function sizeNow() {
  const longer = Number($("size").value) || USUAL;
  return sizeOf(camera.on ? Math.min(longer, LIVE) : longer);
}

function sizeOf(longer) {
  const { width, height } = photo;
  const most = Math.sqrt(MOST_PIXELS / (width * height));
  return scaled(photo, Math.min(1, longer / Math.max(width, height), most));
}

function showSizes() {
  if (!photo) return;
  const select = $("size");
  const own = Math.max(photo.width, photo.height);
  const sides = [...SIDES.filter((side) => side < own), own];
  const wanted = Number(select.dataset.wanted || USUAL);
  const at = sides.findLast((side) => side <= wanted) ?? sides[0];
  const options = sides.map((side) => {
    const { width, height } = sizeOf(side);
    return [side, strings.sizeOption(width, height, rate * width * height)];
  });
  if (options.length !== select.options.length) {
    select.replaceChildren(...options.map(() => new Option()));
  }
  options.forEach(([side, text], i) => {
    select.options[i].value = side;
    if (select.options[i].text !== text) select.options[i].text = text;
  });
  select.value = at;
}

/* Paintings. */

/** A button for a painting, which is one of them from now on. */
function addPainting(painting) {
  const button = document.createElement("button");
  const image = new Image();
  image.src = painting.look;
  image.alt = "";
  image.draggable = false;
  button.append(image);
  button.title = painting.title;
  button.ariaLabel = painting.title;
  button.onclick = () => choose(painting);
  painting.button = button;
  paintings.push(painting);
  return button;
}

function choose(painting) {
  fail("");
  if (!$("mix").checked) chosen = [painting];
  else if (!chosen.includes(painting)) chosen = [...chosen, painting].slice(-MOST_MIXED);
  else if (chosen.length > 1) chosen = chosen.filter((other) => other !== painting);
  showChosen();
  return refresh();
}

function showChosen() {
  for (const painting of paintings) {
    painting.button.setAttribute("aria-pressed", chosen.includes(painting));
  }
  const titles = chosen.map((painting) => painting.title);
  pad.show(chosen, (parts) => parts.map((part, i) => strings.share(titles[i], part)).join(", "));
}

async function takePainting(blob, name) {
  fail("");
  const image = await read(blob, name);
  if (!image) return;
  const title = withoutSuffix(name);
  say(strings.reading(title));
  stage.ariaBusy = "true";
  try {
    await started;
    // As the command does: the shorter side, and of thin images no more than four squares.
    const side = site.styleSize;
    const most = Math.sqrt((4 * side * side) / (image.width * image.height));
    const size = scaled(image, Math.min(side / Math.min(image.width, image.height), most));
    const stats = await engine.style(pixelsOf(image, size.width, size.height));
    const painting = { title, look: await thumbnail(image), ...stats };
    $("add").after(addPainting(painting));
    await choose(painting);
    painting.button.scrollIntoView({ block: "nearest", inline: "nearest" });
  } catch (error) {
    console.error(error);
    fail(inWords(error));
  } finally {
    image.close?.();
    stage.ariaBusy = String(Boolean(running));
  }
}

async function thumbnail(image) {
  const side = Math.min(image.width, image.height);
  const [left, top] = [(image.width - side) / 2, (image.height - side) / 2];
  const square = await createImageBitmap(image, left, top, side, side);
  const canvas = canvasOf(square, 160, 160);
  square.close();
  return URL.createObjectURL(await canvas.convertToBlob());
}

/* The camera. */

async function startCamera() {
  fail("");
  $("camera").disabled = true; // while the user is asked
  let start = 0;
  try {
    start = await camera.start();
    $("camera").disabled = false;
    if (!start) return;
    showCamera();
    await follow(start);
  } catch (error) {
    console.warn(error);
    fail(strings.noCamera);
    if (!start) stopCamera();
  } finally {
    $("camera").disabled = false;
    if (start && camera.is(start)) stopCamera();
  }
}

async function follow(start) {
  let times = [];
  for (;;) {
    const image = await camera.frame();
    if (!camera.is(start)) return image?.close(); // and perhaps there is a photo already
    setPhoto(image, strings.still);
    await refresh();
    times = [...times, performance.now()].slice(-20);
    if (times.length > 1 && made && camera.is(start)) {
      const mean = (times.at(-1) - times[0]) / (times.length - 1);
      say(strings.live(made.width, made.height, 1000 / mean));
    }
    await new Promise(requestAnimationFrame);
    if (!camera.is(start)) return;
  }
}

function stopCamera() {
  camera.stop();
  showCamera();
}

function showCamera() {
  $("camera").textContent = camera.on ? strings.stopCamera : strings.camera;
  $("camera").ariaPressed = String(camera.on);
}

/* Saving: at the photo's own size, whatever it was computed at. */

async function save() {
  const type = $("format").value;
  const { width, height, name, image } = photo;
  const computed = made;
  $("save").disabled = true;
  fail("");
  try {
    let canvas = canvasOf(after, width, height);
    if ($("colors").checked && computed.width !== width) {
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      const own = pixelsOf(image, width, height).data;
      const { pixels } = await engine.recolor(data, own, width, height);
      canvas = canvasOf(await createImageBitmap(new ImageData(pixels, width, height)));
    }
    await download(canvas, type, `${name} ${strings.stylized}`);
    say(strings.saved(width, height, computed));
  } catch (error) {
    console.error(error);
    fail(inWords(error));
  } finally {
    $("save").disabled = !frame.dataset.made;
  }
}

/* Where what is dropped or pasted goes. */

const isPainting = (target) => Boolean(target?.closest?.("#paintings"));

function take(file, painting) {
  if (!file) return;
  const name = file.name || strings.pasted;
  return painting ? takePainting(file, name) : takePhoto(file, name);
}

function listen() {
  const picks = [[$("file"), false], [$("style-file"), true]];
  for (const [input, painting] of picks) {
    input.onchange = () => {
      take(input.files[0], painting);
      input.value = "";
    };
  }
  $("open").onclick = $("empty").onclick = () => $("file").click();
  $("add").onclick = () => $("style-file").click();

  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.dataset.drop = isPainting(event.target) ? "painting" : "photo";
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) delete document.body.dataset.drop;
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    delete document.body.dataset.drop;
    take(fileIn(event.dataTransfer), isPainting(event.target));
  });
  addEventListener("paste", (event) => {
    take(fileIn(event.clipboardData), isPainting(document.activeElement));
  });

  $("strength").oninput = () => {
    $("amount").textContent = strings.percent($("strength").value / 100);
    refresh();
  };
  $("colors").onchange = () => refresh();
  $("size").onchange = () => {
    fail("");
    $("size").dataset.wanted = $("size").value;
    refresh();
  };
  $("mix").onchange = () => {
    if (!$("mix").checked) chosen = chosen.slice(-1);
    else if (chosen.length === 1) {
      const other = paintings.find((painting) => painting !== chosen[0]);
      if (other) chosen = [...chosen, other]; // so that there is something to mix
    }
    showChosen();
    refresh();
  };
  $("compare").oninput = () => frame.style.setProperty("--split", $("compare").value / 100);
  $("save").onclick = save;
  $("camera").hidden = !Camera.possible;
  $("camera").onclick = () => {
    if (!camera.on) return startCamera();
    stopCamera();
    showSizes();
    return refresh(); // the last frame, as a photo
  };
}

/* The beginning. */

function label() {
  document.title = strings.title;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = strings[element.dataset.text];
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.ariaLabel = strings[element.dataset.label];
  }
  $("amount").textContent = strings.percent(1);
}

const get = async (path) => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
};

async function start() {
  site = await (await get("site.json")).json();
  const stats = new Float32Array(await (await get("examples/styles.bin")).arrayBuffer());
  const row = (i) => stats.slice(i * site.channels, (i + 1) * site.channels);
  site.styles.forEach(({ title, image }, i) => {
    const button = addPainting({ title, look: image, mean: row(2 * i), std: row(2 * i + 1) });
    $("row").append(button);
  });
  chosen = paintings.slice(0, 1);
  showChosen();

  let loaded = 0;
  const parts = ["model/content.onnx", "model/picture.onnx"];
  const program = Object.keys(site.sizes).find((name) => name.endsWith("threaded.wasm.gz"));
  const all = [...parts, program].reduce((sum, name) => sum + site.sizes[name], 0);
  engine = new Engine((bytes) => {
    loaded += bytes;
    $("progress").value = Math.min(1, loaded / all);
  });
  const wanted = new URLSearchParams(location.search).get("on"); // ?on=wasm or ?on=webgpu
  const begun = engine.start(wanted, site.channels);
  if (site.photo && !photo) {
    const image = await decoded(await (await get(site.photo)).blob());
    if (!photo) setPhoto(image, "photo");
    showSizes();
  }
  $("empty").hidden = Boolean(photo);
  const { backend, threads } = await begun;
  where = strings.where(backend, threads);
  $("progress").hidden = true;
  engine.ready = true;
  asked = true;
  await refresh();
  stage.ariaBusy = "false";
  return backend;
}

/** Keep the page for when there is no net; without that, it works all the same. */
async function keepAll(backend) {
  try {
    await engine.prefetch();
    if (await keep(site, backend)) document.body.dataset.kept = "yes";
    else say(strings.another);
  } catch (error) {
    console.warn(error);
  }
}

label();
listen();
const started = start();
started.then(keepAll, (error) => {
  console.error(error);
  $("progress").hidden = true;
  stage.ariaBusy = "false";
  fail(engine?.ready ? strings.failed(error.message) : strings.cannotStart(error.message));
});

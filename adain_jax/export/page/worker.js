// All computing, beside the page: the networks, by ONNX Runtime Web, and colours.

import { inflated } from "./inflate.js";
import { keepColors, toFloats, toPixels } from "./pixels.js";

const RUNTIMES = {
  webgpu: ["ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi.wasm.gz"],
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.wasm.gz"],
};
const here = (path) => new URL(path, import.meta.url).href;

let ort, backend;
const sessions = {};
let content = null; // what the photo's encoder made, and the photo

async function hasGraphics(wanted) {
  // The program for graphics processors waits for them by JSPI, which not all browsers have.
  if (!("Suspending" in WebAssembly) || !self.navigator.gpu) return false;
  const adapter = await self.navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter || wanted === "webgpu") return Boolean(adapter);
  // One that is no processor but a program is far slower than WebAssembly.
  return !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false);
}

/** A file's bytes; what has come of it is told as it comes. */
async function fetched(path) {
  const response = await fetch(here(path));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const reader = response.body.getReader();
  const parts = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    self.postMessage({ loaded: value.length });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function load(name) {
  const session = await ort.InferenceSession.create(await fetched(`model/${name}.onnx`), {
    executionProviders: [backend],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    // Maps stay where they are made: on the graphics processor, if it is one.
    ...(name === "content" && backend === "webgpu" ? { preferredOutputLocation: "gpu-buffer" } : {}),
  });
  sessions[name] = session;
  return session;
}

async function startOn(chosen) {
  backend = chosen;
  const [library, program] = RUNTIMES[backend];
  const binary = fetched(`runtime/${program}`).then(inflated);
  ort = await import(here(`runtime/${library}`));
  ort = ort.default ?? ort;
  ort.env.logLevel = "error";
  // Threads need shared memory, which a page has only if its server asks for isolation.
  const most = Math.min(8, self.navigator.hardwareConcurrency || 1);
  ort.env.wasm.numThreads = self.crossOriginIsolated && backend === "wasm" ? most : 1;
  ort.env.wasm.wasmPaths = here("runtime/");
  ort.env.wasm.wasmBinary = await binary;
  await load("content");
  await load("picture");
}

const ask = {
  /** Begin: says what it runs on. */
  async start({ wanted, channels }) {
    if (wanted !== "wasm" && (await hasGraphics(wanted))) {
      try {
        await startOn("webgpu");
        const pixels = new Uint8ClampedArray(4 * 64).fill(128);
        await ask.photo({ pixels, width: 8, height: 8 }); // what cannot run there fails here
        const zeros = new Float32Array(channels).fill(0.5);
        await ask.picture({ mean: zeros, std: zeros, strength: 1 });
        return { backend, threads: 1 };
      } catch (error) {
        console.warn(error);
        content = null;
      }
    }
    await startOn("wasm");
    return { backend, threads: ort.env.wasm.numThreads };
  },

  /** A painting's statistics. */
  async style({ pixels, width, height }) {
    const session = sessions.style ?? (await load("style"));
    const image = new ort.Tensor("float32", toFloats(pixels), [1, height, width, 3]);
    const { mean, std } = await session.run({ image });
    return { mean: await mean.getData(), std: await std.getData() };
  },

  /** Have the styles' network, for when there is no net. */
  async prefetch() {
    sessions.style ?? (await load("style"));
    return {};
  },

  /** Encode a photo, which `picture` then takes. */
  async photo({ pixels, width, height }) {
    const begun = performance.now();
    const image = new ort.Tensor("float32", toFloats(pixels), [1, height, width, 3]);
    const features = await sessions.content.run({ image });
    for (const old of Object.values(content?.features ?? {})) old.dispose();
    content = { features, pixels, width, height };
    return { ms: performance.now() - begun };
  },

  /** The photo in a style. */
  async picture({ mean, std, strength, colors }) {
    const begun = performance.now();
    const { features, pixels, width, height } = content;
    const row = (values) => new ort.Tensor("float32", values, [1, values.length]);
    const { picture } = await sessions.picture.run({
      ...features,
      mean: row(mean),
      std: row(std),
      strength: new ort.Tensor("float32", [strength], [1]),
    });
    const floats = await picture.getData();
    const made = toPixels(floats, picture.dims[2], width, height, colors ? pixels : null);
    picture.dispose();
    return { pixels: made, width, height, ms: performance.now() - begun };
  },

  /** An enlarged picture in the colours of a photo of its size. */
  async recolor({ pixels, photo, width, height }) {
    keepColors(pixels, photo);
    return { pixels, width, height };
  },
};

let last = Promise.resolve(); // sessions do one thing at a time
self.onmessage = ({ data: { id, what, given } }) => {
  last = last.then(async () => {
    try {
      const made = await ask[what](given);
      const buffers = made.pixels ? [made.pixels.buffer] : [];
      self.postMessage({ id, made }, buffers);
    } catch (error) {
      self.postMessage({ id, error: String(error?.message ?? error) });
    }
  });
};

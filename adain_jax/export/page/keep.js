// The page in the browser's store, so that it opens without a net.

/** A file from the server, whatever is in the browser's stores. */
async function fresh(url) {
  const response = await fetch(url, { cache: "no-store", headers: { Fresh: "yes" } });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

const buildAt = async (there) => (await (await fresh(new URL("site.json", there))).json()).build;

/**
 * Keep the site's files, less those of the runtime that this browser does not use.
 *
 * The server may have another site by now. Then nothing is kept, and the result is false.
 */
export async function keep(site, backend) {
  if (!navigator.serviceWorker || !globalThis.caches) return true;
  const there = new URL("./", location);
  const worker = await navigator.serviceWorker.register(new URL("service.js", there));
  if (!navigator.onLine) return true; // the page came from the store
  if ((await buildAt(there)) !== site.build) {
    await worker.update(); // so that a reload shows the other one
    return false;
  }
  const other = backend === "webgpu" ? /simd-threaded\.(wasm|mjs)|ort\.wasm/ : /jspi/;
  const names = ["./", "site.json", ...site.page, ...Object.keys(site.sizes)];
  const store = `adain ${there} ${site.build}`;
  const cache = await caches.open(store);
  for (const name of names.filter((name) => !other.test(name))) {
    const url = new URL(name, there);
    if (!(await cache.match(url))) await cache.put(url, await fresh(url));
  }
  if ((await buildAt(there)) === site.build) return true;
  await caches.delete(store); // some of these files may be the other one's
  return false;
}

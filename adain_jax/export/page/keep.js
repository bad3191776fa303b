// The page in the browser's store, so that it opens without a net.

/** Keep the site's files, less those of the runtime that this browser does not use. */
export async function keep(site, backend) {
  if (!navigator.serviceWorker || !globalThis.caches) return;
  const there = new URL("./", location);
  await navigator.serviceWorker.register(new URL("service.js", there));
  const other = backend === "webgpu" ? /simd-threaded\.(wasm|mjs)|ort\.wasm/ : /jspi/;
  const names = ["./", "site.json", ...site.page, ...Object.keys(site.sizes)];
  const cache = await caches.open(`adain ${there} ${site.build}`);
  for (const name of names.filter((name) => !other.test(name))) {
    const url = new URL(name, there);
    if (!(await cache.match(url))) await cache.add(url);
  }
}

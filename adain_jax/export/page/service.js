// Keeps the page for when there is no net. Its text differs for each site that is made.

const SITE = `adain ${new URL("./", self.location)} `;
const NAME = `${SITE}BUILD`;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(SITE) && name !== NAME) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener("fetch", (event) => {
  const { method, headers } = event.request;
  if (method !== "GET" || headers.has("Fresh")) return; // keep.js asks the server itself
  const answer = async () => {
    const cache = await caches.open(NAME);
    return (await cache.match(event.request, { ignoreSearch: true })) ?? fetch(event.request);
  };
  event.respondWith(answer());
});

// Pictures in and out of the page: files, canvases, pixels.

/** A file as an image, turned as it says; an error if it is none. */
export async function decoded(blob) {
  const image = await createImageBitmap(blob);
  if (!image.width || !image.height) throw new Error("empty");
  return image;
}

/** An image in a canvas of its own, on white, of a size. */
export function canvasOf(image, width = image.width, height = image.height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // below what is transparent
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return canvas;
}

/** An image's pixels at a size: ImageData. */
export function pixelsOf(image, width, height) {
  return canvasOf(image, width, height).getContext("2d").getImageData(0, 0, width, height);
}

/** A size that is scaled: whole pixels, at least one. */
export function scaled({ width, height }, factor) {
  const side = (length) => Math.max(1, Math.round(length * factor));
  return { width: side(width), height: side(height) };
}

/** Offer a canvas as a file. */
export async function download(canvas, type, name) {
  const blob = await canvas.convertToBlob({ type, quality: 0.95 });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.${type === "image/png" ? "png" : "jpg"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The first picture that was dropped or pasted, as a file. */
export function fileIn(transfer) {
  return [...(transfer?.files ?? [])][0] ?? null;
}

// Between a canvas's bytes, RGBA, and the networks' floats, RGB in [0, 1]; and colours.

/** Bytes (H, W, 4) to floats (H, W, 3). */
export function toFloats(pixels) {
  const floats = new Float32Array((pixels.length / 4) * 3);
  for (let i = 0, j = 0; i < pixels.length; i += 4) {
    floats[j++] = pixels[i] / 255;
    floats[j++] = pixels[i + 1] / 255;
    floats[j++] = pixels[i + 2] / 255;
  }
  return floats;
}

/**
 * Floats of rows of `stride` pixels to bytes (H, W, 4), in the colours of a photo if one is given.
 */
export function toPixels(floats, stride, width, height, photo) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  const rgb = [0, 0, 0];
  for (let y = 0, to = 0; y < height; y++) {
    for (let from = 3 * stride * y, x = 0; x < width; x++, from += 3, to += 4) {
      rgb[0] = floats[from];
      rgb[1] = floats[from + 1];
      rgb[2] = floats[from + 2];
      if (photo) recolor(rgb, photo, to);
      pixels[to] = 255 * rgb[0];
      pixels[to + 1] = 255 * rgb[1];
      pixels[to + 2] = 255 * rgb[2];
      pixels[to + 3] = 255;
    }
  }
  return pixels;
}

/** Give a picture's bytes the colours of a photo's, in place. */
export function keepColors(pixels, photo) {
  const rgb = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 4) {
    for (let c = 0; c < 3; c++) rgb[c] = pixels[i + c] / 255;
    recolor(rgb, photo, i);
    for (let c = 0; c < 3; c++) pixels[i + c] = 255 * rgb[c];
  }
}

const luma = (r, g, b) => 0.299 * r + 0.587 * g + 0.114 * b;

/** As adain_jax.ops.color.keep_chroma: the picture's luma, the photo's chroma as far as it fits. */
function recolor(rgb, photo, i) {
  const light = Math.min(1, Math.max(0, luma(rgb[0], rgb[1], rgb[2])));
  const own = luma(photo[i], photo[i + 1], photo[i + 2]) / 255;
  let fitting = 1;
  for (let c = 0; c < 3; c++) {
    const chroma = photo[i + c] / 255 - own;
    const room = chroma > 0 ? 1 - light : light;
    fitting = Math.min(fitting, room / Math.max(Math.abs(chroma), 1e-6));
    rgb[c] = chroma;
  }
  for (let c = 0; c < 3; c++) rgb[c] = Math.min(1, Math.max(0, light + fitting * rgb[c]));
}

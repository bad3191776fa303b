// All that the page says.

const sides = (width, height) => `${width} × ${height}`;
const seconds = (ms) => `${ms < 950 ? Math.max(0.1, ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;

export const strings = {
  title: "A photo in the manner of a painting",
  photo: "Choose photo",
  camera: "Camera",
  stopCamera: "Stop camera",
  paintings: "Painting",
  add: "Add a painting",
  mix: "Mix",
  pad: "Mixture",
  strength: "Strength",
  colors: "Keep the photo’s colours",
  size: "Size",
  save: "Save",
  format: "Format",
  compare: "Before and after",
  progress: "Loading",
  empty: "Choose a photo",
  percent: (share) => `${Math.round(100 * share)} %`,
  share: (title, share) => `${Math.round(100 * share)} % ${title}`,
  sizeOption: (width, height, ms) => sides(width, height) + (ms ? ` · ${seconds(ms)}` : ""),
  where: (backend, threads) =>
    backend === "webgpu" ? "graphics processor" : threads > 1 ? `${threads} threads` : "one thread",
  made: (width, height, ms, where) => `${sides(width, height)} · ${Math.round(ms)} ms · ${where}`,
  live: (width, height, rate) => `${sides(width, height)} · ${rate.toFixed(1)} frames a second`,
  reading: (title) => `Looking at ${title} …`,
  saved: (width, height, made) =>
    `Saved at ${sides(width, height)}` +
    (made.width === width ? "" : `, enlarged from ${sides(made.width, made.height)}`),
  pasted: "Pasted picture",
  still: "camera",
  stylized: "stylized",
  another: "This page has changed: reload it for the new one.",
  notAPicture: (name) => `${name} is not a picture that this browser can read.`,
  noCamera: "The camera cannot be used: allow it for this page, or connect one.",
  tooLarge: "This is too large for the browser’s memory: choose a smaller size.",
  cannotStart: (why) => `The page cannot start here: ${why}`,
  failed: (why) => `That did not work: ${why}`,
};

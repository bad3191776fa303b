// What the camera sees, frame by frame.

const end = (stream) => stream?.getTracks().forEach((track) => track.stop());

export class Camera {
  #video;
  #stream = null;
  #starts = 0; // how often it was started or stopped

  constructor(video) {
    this.#video = video;
  }

  static get possible() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  get on() {
    return this.#stream !== null;
  }

  /** Start it; the result is the number of this start, or 0 if there was another one, or a stop. */
  async start() {
    const wanted = { facingMode: "environment", width: { ideal: 1280 } };
    const start = ++this.#starts;
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    if (!this.is(start)) {
      end(stream);
      return 0;
    }
    this.#stream = stream;
    this.#video.srcObject = stream;
    try {
      await this.#video.play();
    } catch (error) {
      end(stream);
      throw error;
    }
    this.mirrored = stream.getVideoTracks()[0].getSettings().facingMode === "user";
    stream.getVideoTracks()[0].onended = () => this.is(start) && this.stop();
    return start;
  }

  /** Whether this start is the last thing that was asked for. */
  is(start) {
    return start === this.#starts;
  }

  stop() {
    this.#starts++;
    end(this.#stream);
    this.#video.srcObject = null;
    this.#stream = null;
  }

  /** What it sees now, an image; nothing if it was stopped. */
  async frame() {
    if (!this.on) return null;
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!this.mirrored) return createImageBitmap(this.#video);
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.setTransform(-1, 0, 0, 1, width, 0);
    context.drawImage(this.#video, 0, 0);
    return canvas.transferToImageBitmap();
  }
}

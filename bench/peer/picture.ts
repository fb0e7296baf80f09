// The picture of the peer bench: made up, the same everywhere, with slopes, edges, stripes and a fine texture in it. Pure; whole
// numbers only, so that Node and browser give the same bytes.

import { createRgbImage, type RgbImage } from "@/image/rgbImage";

/** A square picture. */
export function peerPicture(side: number): RgbImage {
  const image = createRgbImage(side, side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [20 * x - 7 * side, 20 * y - 12 * side];
      const isInDisc = dx * dx + dy * dy < (5 * side) ** 2;
      const isInStripe = (((x * 3 + y * 5) >> 5) & 1) === 1;
      const texture = ((x * 7 + y * 13) ^ ((x * y) >> 3)) & 63;
      const colour = [(x * 191) / side + texture, (y * 191) / side + (isInStripe ? 64 : 0), isInDisc ? 224 - texture : texture];
      image.data.set(colour.map(Math.floor), (y * side + x) * 3);
    }
  }
  return image;
}

// Pictures after the first one: thumbnails with a button to remove each, and the button that adds one. What the first picture is, and
// its mask, is in PromptPanel; the checks of a file are those of useImageInput.
import { ImagePlus, X } from "lucide-react";
import { useRef } from "react";
import { mostPictures } from "@/state/requests";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { PixelImage } from "@/ui/PixelImage";
import styles from "./MorePictures.module.css";
import type { ImageInput } from "./useImageInput";

/** The row of further pictures. */
export function MorePictures({ input }: { input: ImageInput }) {
  const file = useRef<HTMLInputElement>(null);
  const pictures = useStore((state) => state.input.moreImages);
  const setInput = useStore((state) => state.setInput);
  const isFull = 1 + pictures.length >= mostPictures;
  const remove = (index: number) => setInput({ moreImages: pictures.filter((_, i) => i !== index), answer: null });
  return (
    <div className={styles.more}>
      {pictures.length > 0 && (
        <ul className={styles.row} aria-label="More pictures">
          {pictures.map((picture, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same picture may be there twice, and its place is its name
            <li key={index} className={styles.item}>
              <PixelImage image={picture} label={`Picture ${index + 2}`} className={styles.picture} />
              <button
                type="button"
                className={styles.remove}
                aria-label={`Remove picture ${index + 2}`}
                onClick={() => remove(index)}
              >
                <X aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <input
        ref={file}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label="File of another picture"
        accept="image/png,image/jpeg,image/webp"
        onChange={(event) => {
          void input.add(event.target.files?.[0]);
          // The same file can be chosen again.
          event.target.value = "";
        }}
      />
      <Button
        label={isFull ? `${mostPictures} pictures at most` : "Add a picture"}
        icon={<ImagePlus aria-hidden />}
        tone="quiet"
        disabled={isFull || input.isDecoding}
        onPress={() => file.current?.click()}
      />
      {pictures.length > 0 && (
        <p className={styles.note}>
          Each picture gets a mask of its own; a drawn region belongs to the first. The token heat counts all pictures together.
        </p>
      )}
    </div>
  );
}

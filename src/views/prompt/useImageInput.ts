// Pictures from outside: picked, dropped or pasted files become the input of the next question. A newer file wins over an older
// one that is still being decoded; notices and errors go to the status bar and to the place where the picture would be.
import { useCallback, useEffect, useRef, useState } from "react";
import { decodeImage } from "@/image/decode";
import type { RgbImage } from "@/image/rgbImage";
import { describeError, UserError } from "@/lib/errors";
import { mostPictures } from "@/state/requests";
import { useStore } from "@/state/store";

/** Something was given that holds no file. */
export class NoFileError extends UserError {
  override readonly name = "NoFileError";

  constructor() {
    super("Nothing was loaded", "what you dropped holds no file", "Drop a PNG, JPEG or WebP file, or save the picture first");
  }
}

export interface ImageInput {
  /** Decodes a file and makes it the picture. */
  readonly take: (file: Blob | null | undefined) => Promise<void>;
  /** Decodes a file and puts it behind the pictures there are. */
  readonly add: (file: Blob | null | undefined) => Promise<void>;
  readonly isDecoding: boolean;
  /** Why the last file could not be used; null when it could. */
  readonly error: string | null;
  readonly notices: readonly string[];
  readonly clear: () => void;
}

/** Takes files and reports on them. */
export function useImageInput(): ImageInput {
  const [isDecoding, setDecoding] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [notices, setNotices] = useState<readonly string[]>([]);
  const newest = useRef(0);
  const setInput = useStore((state) => state.setInput);
  const fail = useStore((state) => state.fail);

  const decode = useCallback(
    async (file: Blob | null | undefined, use: (image: RgbImage) => void) => {
      const mine = ++newest.current;
      setDecoding(true);
      try {
        if (!file) throw new NoFileError();
        const decoded = await decodeImage(file);
        if (mine !== newest.current) return;
        use(decoded.image);
        setError(null);
        setNotices(decoded.notices);
      } catch (cause) {
        if (mine !== newest.current) return;
        setError(describeError(cause).message);
        fail(cause);
      } finally {
        if (mine === newest.current) setDecoding(false);
      }
    },
    [fail],
  );
  const take = useCallback(
    (file: Blob | null | undefined) => decode(file, (image) => setInput({ image, sample: null, answer: null })),
    [decode, setInput],
  );
  const add = useCallback(
    (file: Blob | null | undefined) =>
      decode(file, (image) => {
        const { moreImages } = useStore.getState().input;
        if (1 + moreImages.length < mostPictures) setInput({ moreImages: [...moreImages, image], answer: null });
      }),
    [decode, setInput],
  );
  const clear = useCallback(() => {
    newest.current++;
    setDecoding(false);
    setError(null);
    setNotices([]);
  }, []);

  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])][0];
      // Pasted text belongs to the field it was pasted into.
      if (file) {
        event.preventDefault();
        void take(file);
      }
    };
    window.addEventListener("paste", onPaste);
    return () => window.removeEventListener("paste", onPaste);
  }, [take]);

  return { take, add, isDecoding, error, notices, clear };
}

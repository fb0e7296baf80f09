// The Input panel: picture with its masked twin, mask settings, question, samples, sampling settings, Ask and Stop. What Ask does
// is in `state/askJob.ts`.
import { CircleStop, ImageUp, Send, Shuffle } from "lucide-react";
import { type DragEvent, type FormEvent, useMemo, useRef, useState } from "react";
import { ask, stopAsk } from "@/state/askJob";
import { pixelsOf } from "@/state/requests";
import { numberSetting } from "@/state/settings";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Message } from "@/ui/Message";
import { PixelImage } from "@/ui/PixelImage";
import { ChoiceSettingControl, NumberSettingControl } from "@/views/settings/SettingControl";
import { askBlockedBy } from "./askBlockedBy";
import { MorePictures } from "./MorePictures";
import { maskPreview } from "./maskPreview";
import styles from "./PromptPanel.module.css";
import { RegionFields, RegionOverlay } from "./RegionOverlay";
import { SamplePicker } from "./SamplePicker";
import type { Sample } from "./samples";
import { type ImageInput, useImageInput } from "./useImageInput";

/** Side of the embedded model's pictures, until a model says otherwise. */
const defaultModelSide = 64;

/** The Input panel. */
export function PromptPanel() {
  const askBlocked = useStore(askBlockedBy);
  const imageInput = useImageInput();
  const [isOver, setOver] = useState(false);
  const question = useStore((state) => state.input.question);
  const askStatus = useStore((state) => state.ask);
  const setInput = useStore((state) => state.setInput);
  const isRunning = askStatus.status === "running";

  const pickSample = (sample: Sample) => {
    imageInput.clear();
    setInput({ image: sample.image, moreImages: [], question: sample.question, answer: sample.answer, sample: sample.id });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!askBlocked && !isRunning) void ask();
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void imageInput.take(event.dataTransfer.files[0]);
  };

  return (
    <form
      className={classes(styles.panel, isOver && styles.over)}
      aria-label="Input"
      onSubmit={submit}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={onDrop}
    >
      <div className={styles.scroll}>
        <ImageGroup input={imageInput} />
        <section className={styles.section} aria-label="Question">
          <textarea
            className={styles.question}
            aria-label="Question"
            placeholder="Ask something about the picture, e.g. How many red objects are there?"
            rows={2}
            value={question}
            onChange={(event) => setInput({ question: event.target.value, answer: null })}
          />
        </section>
        <SamplePicker onPick={pickSample} upload={<UploadButton input={imageInput} />} />
        <MaskSection />
        <details className={styles.details}>
          <summary>Sampling</summary>
          <NumberSettingControl settingKey="temperature" />
          <NumberSettingControl settingKey="topP" />
          <NumberSettingControl settingKey="topK" />
          <NumberSettingControl settingKey="maxNewTokens" />
          <NumberSettingControl settingKey="seed" />
        </details>
        <PixelSection />
      </div>
      <div className={styles.foot}>
        <NumberSettingControl settingKey="rollouts" />
        {askStatus.status === "failed" && <Message tone="bad">{askStatus.message}</Message>}
        <div className={styles.buttons}>
          <Button
            label="Ask"
            tone="primary"
            icon={<Send aria-hidden />}
            onPress={() => void ask()}
            disabled={isRunning || askBlocked !== null}
            hint="Ctrl+Enter"
          />
          <Button
            label="Stop"
            icon={<CircleStop aria-hidden />}
            onPress={() => void stopAsk()}
            disabled={!isRunning}
            hint="Esc"
          />
        </div>
        {askBlocked && !isRunning && <p className={styles.blocked}>{askBlocked}</p>}
      </div>
    </form>
  );
}

/** Picture and masked twin, or the place to drop one. */
function ImageGroup({ input }: { input: ImageInput }) {
  const image = useStore((state) => state.input.image);
  const twin = useTwin();
  const strategy = useStore((state) => state.settings.maskStrategy);
  const region = useStore((state) => state.region);
  const setRegion = useStore((state) => state.setRegion);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls; this is a picture pair
    <div className={styles.section} role="group" aria-label="Image">
      {twin ? (
        <div className={styles.pair}>
          <figure>
            <div className={styles.frame}>
              <PixelImage image={twin.seen} label="The picture as the model sees it" />
              {strategy === "region" && <RegionOverlay region={region} onChange={setRegion} />}
            </div>
            <figcaption>
              Original{" "}
              {image && image.width !== twin.seen.width && (
                <span className={styles.dims}>{`${image.width} × ${image.height}`}</span>
              )}
            </figcaption>
          </figure>
          <figure>
            <div className={styles.frame}>
              <PixelImage image={twin.masked} label="The masked twin of the picture" />
            </div>
            <figcaption>Masked</figcaption>
          </figure>
        </div>
      ) : (
        <div className={styles.dropZone}>
          <ImageUp aria-hidden />
          <p>Drop or paste a picture, or choose a sample below.</p>
        </div>
      )}
      {image && <MorePictures input={input} />}
      {input.error && <Message tone="bad">{input.error}</Message>}
      {input.notices.length > 0 && !input.error && <Message>{input.notices.join(" ")}</Message>}
    </div>
  );
}

/** Opens the file chooser. */
function UploadButton({ input }: { input: ImageInput }) {
  const file = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={file}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label="Picture file"
        accept="image/png,image/jpeg,image/webp"
        onChange={(event) => {
          void input.take(event.target.files?.[0]);
          // The same file can be chosen again after an error.
          event.target.value = "";
        }}
      />
      <Button
        label={input.isDecoding ? "Reading…" : "Upload a picture"}
        icon={<ImageUp aria-hidden />}
        tone="quiet"
        onPress={() => file.current?.click()}
      />
    </>
  );
}

/** How the twin is made. Only the fields of the chosen strategy are shown. */
function MaskSection() {
  const strategy = useStore((state) => state.settings.maskStrategy);
  const maskSeed = useStore((state) => state.settings.maskSeed);
  const setSetting = useStore((state) => state.setSetting);
  const region = useStore((state) => state.region);
  const setRegion = useStore((state) => state.setRegion);
  const isRandom = strategy === "patch_blackening" || strategy === "gaussian_noise";
  return (
    <section className={styles.section} aria-label="Mask">
      <ChoiceSettingControl settingKey="maskStrategy" />
      {strategy === "patch_blackening" && (
        <>
          <NumberSettingControl settingKey="maskRatio" />
          <NumberSettingControl settingKey="maskCellSize" />
        </>
      )}
      {isRandom && (
        <>
          <div className={styles.seedRow}>
            <NumberSettingControl settingKey="maskSeed" />
            <Button
              label="Draw another mask"
              iconOnly
              icon={<Shuffle aria-hidden />}
              onPress={() => setSetting("maskSeed", (maskSeed + 1) % (numberSetting("maskSeed").max + 1))}
            />
          </div>
          <ChoiceSettingControl settingKey="maskSharing" />
        </>
      )}
      {strategy === "region" && (
        <>
          <p className={styles.note}>Drag on the original, or type the edges.</p>
          <RegionFields region={region} onChange={setRegion} />
        </>
      )}
    </section>
  );
}

/** Limits of the picture's area, for models whose picture size follows the picture. */
function PixelSection() {
  const promptTokens = useStore((state) => state.promptTokens);
  const follows = useStore(({ model }) => model.status === "ready" && model.model.imageSize === undefined);
  if (!follows) return null;
  return (
    <details className={styles.details}>
      <summary>Picture size</summary>
      <NumberSettingControl settingKey="minPixels" />
      <NumberSettingControl settingKey="maxPixels" />
      <p className={styles.note}>Fewer pixels are fewer tokens and faster answers. 0 is the checkpoint's own limit.</p>
      {promptTokens !== null && (
        <p className={styles.note}>{`The last question with its pictures took ${promptTokens} tokens.`}</p>
      )}
    </details>
  );
}

function useTwin() {
  const image = useStore((state) => state.input.image);
  const model = useStore((state) => state.model);
  const strategy = useStore((state) => state.settings.maskStrategy);
  const ratio = useStore((state) => state.settings.maskRatio);
  const cellSize = useStore((state) => state.settings.maskCellSize);
  const seed = useStore((state) => state.settings.maskSeed);
  const region = useStore((state) => state.region);
  const minPixels = useStore((state) => state.settings.minPixels);
  const maxPixels = useStore((state) => state.settings.maxPixels);
  const side = model.status === "ready" ? model.model.imageSize : defaultModelSide;
  return useMemo(() => {
    if (!image) return null;
    const mask = { strategy, ratio, cellSize, seed, sharing: "shared", ...(region ? { region } : {}) } as const;
    return maskPreview(image, mask, side, pixelsOf({ minPixels, maxPixels }).pixels);
  }, [image, strategy, ratio, cellSize, seed, region, side, minPixels, maxPixels]);
}

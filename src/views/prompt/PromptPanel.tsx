// The Input panel: picture with its masked twin, mask settings, question, samples, sampling settings, Ask and Stop. What Ask does
// is in `state/answers/askJob.ts`.
import { CircleStop, ImageUp, Send } from "lucide-react";
import { type DragEvent, type FormEvent, useRef, useState } from "react";
import { ask, stopAsk } from "@/state/answers/askJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Message } from "@/ui/Message";
import { NumberSettingControl } from "@/views/settings/SettingControl";
import { askBlockedBy } from "./askBlockedBy";
import { MaskSection } from "./MaskSection";
import { PictureGroup } from "./PictureGroup";
import styles from "./PromptPanel.module.css";
import { SamplePicker } from "./SamplePicker";
import type { Sample } from "./samples";
import { type ImageInput, useImageInput } from "./useImageInput";

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
        <PictureGroup input={imageInput} />
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

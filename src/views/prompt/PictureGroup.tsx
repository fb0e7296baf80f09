// Picture and masked twin, or the place to drop one: with the region tool over the original, the occlusion map of the pinned tokens, and
// the button that holds the twin in the original's place. What is measured of the region is `state/look/regionJob.ts`'s business.
import { ImageUp, ScanSearch, X } from "lucide-react";
import { type KeyboardEvent, lazy, Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { answerHeader, subscribeAnswerHeader } from "@/client/live";
import { holdMasked, toggleRegionTool, useLook } from "@/state/look/look";
import { isPictureShown } from "@/state/look/lookTarget";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Message } from "@/ui/Message";
import { PanelMenuSlot } from "@/ui/PanelMenuSlot";
import { PixelImage } from "@/ui/PixelImage";
import { MorePictures } from "./MorePictures";
import styles from "./PromptPanel.module.css";
import { RegionFields, RegionOverlay } from "./RegionOverlay";
import type { ImageInput } from "./useImageInput";
import { useTwin } from "./useTwin";

const MapOverlay = lazy(async () => ({ default: (await import("@/views/look/MapOverlay")).MapOverlay }));
const LookStatusLine = lazy(async () => ({ default: (await import("@/views/look/LookStatusLine")).LookStatusLine }));
const RegionStatus = lazy(async () => ({ default: (await import("@/views/look/RegionStatus")).RegionStatus }));

/** The group "Image". */
export function PictureGroup({ input }: { input: ImageInput }) {
  const image = useStore((state) => state.input.image);
  const twin = useTwin();
  const region = useStore((state) => state.region);
  const setRegion = useStore((state) => state.setRegion);
  const isRegionMask = useStore((state) => state.settings.maskStrategy === "region");
  const isPinned = useStore((state) => state.pinned !== null);
  const isHeld = useLook((state) => state.isHeld);
  const isRegionTool = useLook((state) => state.isRegionTool);
  const hasMap = useLook(({ statuses }) => statuses.occlusion.status !== "idle");
  const [point, setPoint] = useState<readonly [number, number] | null>(null);
  useSyncExternalStore(subscribeAnswerHeader, answerHeader);
  const isShown = isPictureShown(image);
  useEffect(() => {
    // Follows the region and what is held from here on; in a file of its own, because nobody needs it in the first second.
    void import("@/state/look/lookWatch").then(({ watchLook }) => watchLook());
  }, []);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls; this is a picture pair
    <div className={styles.section} role="group" aria-label="Image">
      {twin ? (
        <>
          <div className={styles.pair}>
            <figure>
              <div className={styles.frame}>
                <PixelImage image={isHeld ? twin.masked : twin.seen} label="The picture as the model sees it" />
                {isPinned && isShown && !isHeld && (
                  <Suspense fallback={null}>
                    <MapOverlay point={point} aspect={twin.seen.height / twin.seen.width} />
                  </Suspense>
                )}
                <RegionOverlay region={region} onChange={setRegion} onPoint={setPoint} />
              </div>
              <figcaption>
                {isHeld ? "Masked, held" : "Original"}{" "}
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
          <div className={styles.tools}>
            <Button label="Region" hint="R" pressed={isRegionTool} onPress={toggleRegionTool} />
            {region && <Button label="Clear the region" icon={<X aria-hidden />} iconOnly onPress={() => setRegion(null)} />}
            {isPinned && isShown && <MapButton />}
            <HoldButton />
            <PanelMenuSlot />
          </div>
        </>
      ) : (
        <div className={styles.dropZone}>
          <ImageUp aria-hidden />
          <p>Drop or paste a picture, or choose a sample below.</p>
        </div>
      )}
      {twin && (isRegionTool || isRegionMask) && (
        <>
          <p className={styles.note}>
            {isRegionMask
              ? "The region is the mask of the next question. Drag on the original, move it with the arrow keys, or type its edges."
              : "Drag on the original: which tokens depend on that part? Arrows move the region, Shift and arrows change its size."}
          </p>
          <RegionFields region={region} onChange={setRegion} />
        </>
      )}
      {twin && (region !== null || hasMap) && (
        <Suspense fallback={null}>
          {region && <RegionStatus isShown={isShown} />}
          {isPinned && <LookStatusLine kind="occlusion" what="Occlusion map" isBrief />}
        </Suspense>
      )}
      {image && <MorePictures input={input} />}
      {input.error && <Message tone="bad">{input.error}</Message>}
      {input.notices.length > 0 && !input.error && <Message>{input.notices.join(" ")}</Message>}
    </div>
  );
}

/** Measures the map of the pinned tokens, which then lies over the original. */
function MapButton() {
  const isRunning = useLook(({ statuses }) => statuses.occlusion.status === "running");
  const measure = async () => {
    const { pinned } = useStore.getState();
    const { measureOcclusion } = await import("@/state/look/occlusionJob");
    if (pinned) await measureOcclusion(pinned, { asked: true });
  };
  return (
    <Button
      label="Occlusion map of the pinned tokens"
      icon={<ScanSearch aria-hidden />}
      iconOnly
      disabled={isRunning}
      onPress={() => void measure()}
    />
  );
}

/** Shows the masked picture and what it changed for as long as it is pressed. */
function HoldButton() {
  const isHeld = useLook((state) => state.isHeld);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    holdMasked();
  };
  return (
    <button
      type="button"
      className={styles.hold}
      aria-label="Masked while held"
      title="Hold, or hold the key M: the masked picture in place of the original, and Δ log-prob in the text"
      aria-pressed={isHeld}
      onPointerDown={holdMasked}
      onKeyDown={onKeyDown}
    >
      Masked
    </button>
  );
}

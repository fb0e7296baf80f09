// How the twin is made: every method with a small picture of what it does to this one, and the fields of the chosen method.
import { Shuffle } from "lucide-react";
import { useMemo } from "react";
import type { RgbImage } from "@/image/rgbImage";
import { choiceSetting, numberSetting, type Settings } from "@/state/settings";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { PixelImage } from "@/ui/PixelImage";
import { ChoiceSettingControl, NumberSettingControl } from "@/views/settings/SettingControl";
import { maskPreview } from "./maskPreview";
import styles from "./PromptPanel.module.css";

/** Side of a small picture; masks act on it as on the large one, with cells in proportion. */
const thumbSide = 48;

/** The section "Mask". */
export function MaskSection() {
  const strategy = useStore((state) => state.settings.maskStrategy);
  const maskSeed = useStore((state) => state.settings.maskSeed);
  const setSetting = useStore((state) => state.setSetting);
  const isRandom = strategy === "patch_blackening" || strategy === "gaussian_noise";
  return (
    <section className={styles.section} aria-label="Mask">
      <ChoiceSettingControl settingKey="maskStrategy" />
      <MethodThumbs />
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
    </section>
  );
}

/** One small masked picture per method; pressing it chooses the method. */
function MethodThumbs() {
  const image = useStore((state) => state.input.image);
  if (!image) return null;
  return (
    <ul className={styles.methods} aria-label="Mask methods">
      {choiceSetting("maskStrategy").options.map(({ value, label, help }) => (
        <Method key={value} image={image} strategy={value as Settings["maskStrategy"]} label={label} help={help ?? ""} />
      ))}
    </ul>
  );
}

interface MethodProps {
  readonly image: RgbImage;
  readonly strategy: Settings["maskStrategy"];
  readonly label: string;
  readonly help: string;
}

function Method({ image, strategy, label, help }: MethodProps) {
  const isChosen = useStore((state) => state.settings.maskStrategy === strategy);
  const ratio = useStore((state) => state.settings.maskRatio);
  const seed = useStore((state) => state.settings.maskSeed);
  const drawn = useStore((state) => (strategy === "region" ? state.region : null));
  const setSetting = useStore((state) => state.setSetting);
  const masked = useMemo(() => {
    const region = drawn ?? ([0.25, 0.25, 0.75, 0.75] as const);
    return maskPreview(image, { strategy, ratio, cellSize: 6, seed, sharing: "shared", region }, thumbSide).masked;
  }, [image, strategy, ratio, seed, drawn]);
  return (
    <li>
      <button
        type="button"
        className={styles.sample}
        aria-pressed={isChosen}
        aria-label={`Mask by ${label}`}
        title={`${label}: ${help}`}
        onClick={() => setSetting("maskStrategy", strategy)}
      >
        <PixelImage image={masked} label="" />
      </button>
    </li>
  );
}

// The chosen model: what its small files say, how it would be loaded, whether that fits, and Load. Looks again whenever a knob changes
// that the memory plan depends on.
import { Download } from "lucide-react";
import { useEffect } from "react";
import type { ModelPreview, ModelSource } from "@/protocol/model";
import { measuredSpeed } from "@/state/models/measuredSpeed";
import { catalogueSource, modelCatalogue } from "@/state/models/modelCatalogue";
import { sourceName } from "@/state/models/modelChoice";
import { precisionText } from "@/state/models/modelEstimate";
import { inspectModel, loadModel } from "@/state/models/modelJob";
import { memoryUseOf, precisionOf } from "@/state/requests";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes, formatCount, formatNumber } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import { Fact, Facts } from "./Facts";
import { GgufChoice } from "./GgufChoice";
import { LoadSettings } from "./LoadSettings";
import styles from "./ModelDetails.module.css";
import { PlanView } from "./PlanView";

/** A slider drag looks once, at its end. */
const lookPauseMs = 350;

/** The chosen model and its Load button. */
export function ModelDetails({ source }: { source: ModelSource }) {
  const preview = useStore((state) => state.preview);
  const isBusy = useStore(({ ask, training }) => ask.status === "running" || training.status === "running");
  const hasModel = useStore(({ model }) => model.status === "ready");
  const hasAdapter = useStore(({ model }) => model.status === "ready" && model.model.adapter !== undefined);
  const loadError = useStore((state) => state.loadError);
  useLook(source, isBusy);
  const offered = modelCatalogue.find((model) => sourceName(catalogueSource(model, document.baseURI)) === sourceName(source));
  const known = preview.status === "known" || preview.status === "looking" ? preview.preview : null;
  const canLoad = preview.status === "known" && preview.preview.plan.fits && !isBusy;
  return (
    <section className={styles.details} aria-label="Chosen model" aria-busy={preview.status === "looking"}>
      <header>
        <h3 className={styles.name}>{sourceName(source)}</h3>
        <p className={styles.about}>
          {offered ? offered.about : describePlace(source)}
          {offered && ` Licence: ${offered.licence}${offered.restriction ? `, ${offered.restriction}` : ""}.`}
          {!offered && source.kind === "hub" && " Its licence is on its model card."}
        </p>
      </header>
      {/* What the load already said stands above, with its own second try. */}
      {preview.status === "failed" && preview.message !== loadError && (
        <Message tone="bad">
          <p>{preview.message}</p>
          <div>
            <Button label="Try again" onPress={() => void inspectModel(source)} />
          </div>
        </Message>
      )}
      {known && <PreviewFacts preview={known} name={sourceName(source)} place={source.kind} />}
      {!known && preview.status !== "failed" && <p className={styles.about}>Reading its configuration…</p>}
      <GgufChoice source={source} />
      <LoadSettings />
      {known && <PlanView plan={known.plan} isOld={preview.status === "looking"} />}
      <div className={styles.load}>
        <Button
          label={known ? loadLabel(known, source.kind) : "Load"}
          tone="primary"
          icon={<Download aria-hidden />}
          disabled={!canLoad}
          onPress={() => void loadModel(source)}
        />
        <p className={styles.about}>
          {isBusy
            ? "Stop the answer or the training first: both need the model that is loaded."
            : hasAdapter
              ? "The trained adapter belongs to the model that is loaded now; save it before you load another."
              : hasModel && "The model that is loaded now makes room for it."}
        </p>
      </div>
    </section>
  );
}

/** Asks the engine about the model, a moment after the last change. */
function useLook(source: ModelSource, isBusy: boolean): void {
  const settings = useStore((state) => state.settings);
  const token = useStore((state) => state.accessToken);
  const { memoryGiB, trainable, loraTargets } = settings;
  const { contextTokens, answerTokens, rollouts, loraRank } = memoryUseOf(settings);
  const { text, vision, head, groupSize } = precisionOf(settings);
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what the plan depends on; the request reads them itself
  useEffect(() => {
    if (isBusy) return;
    const isFirst = useStore.getState().preview.status === "none";
    const timer = setTimeout(() => void inspectModel(source), isFirst ? 0 : lookPauseMs);
    return () => clearTimeout(timer);
  }, [
    ...[source, isBusy, token, text, vision, head, groupSize],
    ...[contextTokens, answerTokens, memoryGiB, rollouts, loraRank, trainable, loraTargets],
  ]);
}

interface PreviewFactsProps {
  readonly preview: ModelPreview;
  readonly name: string;
  readonly place: ModelSource["kind"];
}

function PreviewFacts({ preview, name, place }: PreviewFactsProps) {
  const { family, parameters, revision, downloadBytes, cachedBytes } = preview;
  const settings = useStore((state) => state.settings);
  const adapter = useStore((state) => state.device?.adapter);
  const speed = adapter === undefined ? null : measuredSpeed(name, precisionOf(settings), adapter);
  return (
    <Facts>
      <Fact name="Family" value={family} />
      <Fact name="Parameters" value={formatCount(parameters)} />
      <Fact name="Kept as" value={precisionText(precisionOf(settings))} />
      {place === "hub" && revision !== undefined && <Fact name="Revision" value={revision} />}
      <Fact
        name={place === "files" ? "To read" : "To fetch"}
        value={downloadBytes === 0 ? "nothing, all of it is cached" : formatBytes(downloadBytes)}
      />
      <Fact
        name="Speed here"
        value={speed === null ? "measured with the first answer" : `${formatNumber(speed)} tokens/s, the last answer`}
      />
      {downloadBytes > 0 && cachedBytes > 0 && <Fact name="Cached" value={`${formatBytes(cachedBytes)} from an earlier visit`} />}
    </Facts>
  );
}

function loadLabel({ downloadBytes, cachedBytes }: ModelPreview, place: ModelSource["kind"]): string {
  if (downloadBytes === 0) return "Load from the cache";
  if (place === "files") return "Load";
  return `${cachedBytes > 0 ? "Resume" : "Load"}, ${formatBytes(downloadBytes)}`;
}

function describePlace(source: ModelSource): string {
  switch (source.kind) {
    case "hub":
      return "From the Hugging Face Hub.";
    case "url":
      return `From ${source.url}`;
    case "files":
      return `${source.files.length} files of this machine; nothing is sent anywhere.`;
    default:
      return source satisfies never;
  }
}

// The offered models by family: size, download, licence, whether it is cached, and about how much memory it takes with the number
// formats chosen. The memory is an estimate from parameter counts; choosing a row asks the engine for the real plan.

import { type CatalogueModel, catalogueSource, modelCatalogue, parametersOf } from "@/state/models/modelCatalogue";
import { sourceName } from "@/state/models/modelChoice";
import { estimateFit } from "@/state/models/modelEstimate";
import { useOnline } from "@/state/online";
import { memoryUseOf, precisionOf } from "@/state/requests";
import { useStore } from "@/state/store";
import { classes } from "@/ui/classes";
import { formatBytes, formatCount } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import { isCachedAs } from "./isCachedAs";
import styles from "./ModelList.module.css";

const families = [...new Set(modelCatalogue.map(({ family }) => family))];

/** The offered models. */
export function ModelList() {
  return (
    <section aria-label="Offered models" className={styles.families}>
      <OfflineNote />
      {families.map((family) => (
        <section key={family} aria-label={family}>
          <h3 className={styles.family}>{family}</h3>
          <ul className={styles.list}>
            {modelCatalogue
              .filter((model) => model.family === family)
              .map((model) => (
                <ModelRow key={model.id} model={model} />
              ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

/** What can still be had without a network. */
function OfflineNote() {
  const isOnline = useOnline();
  const count = useStore(({ cache }) => cache?.models.filter(({ complete }) => complete).length ?? 0);
  if (isOnline) return null;
  const cached =
    count === 0
      ? "No other model is cached."
      : `${count === 1 ? "One cached model works" : `${count} cached models work`} as well.`;
  return (
    <Message tone="warn">
      {`You are offline: the models that come with the page work. ${cached} The others can be chosen when the network is back; folders of this machine always.`}
    </Message>
  );
}

function ModelRow({ model }: { model: CatalogueModel }) {
  const chosen = useStore((state) => state.chosen);
  const choose = useStore((state) => state.choose);
  const settings = useStore((state) => state.settings);
  const cache = useStore((state) => state.cache);
  const budget = useBudget();
  const source = catalogueSource(model, document.baseURI);
  const isChosen = chosen !== null && sourceName(chosen) === sourceName(source);
  const cached = cache?.models.filter((one) => isCachedAs(one, source)) ?? [];
  const isOnline = useOnline();
  const isHere = model.place.kind === "embedded" || cached.some((one) => one.complete);
  const { needs, fits, changes } = estimateFit(model, precisionOf(settings), memoryUseOf(settings), budget);
  return (
    <li>
      <button
        type="button"
        className={classes(styles.row, isChosen && styles.chosen, !isOnline && !isHere && styles.away)}
        aria-pressed={isChosen}
        aria-disabled={!isOnline && !isHere}
        onClick={() => {
          if (isOnline || isHere) choose(source);
        }}
      >
        <span className={styles.name}>{model.name}</span>
        <span className={styles.facts}>
          {`${formatCount(parametersOf(model.sizes))} · ${formatBytes(model.downloadBytes)} download · ${model.licence}`}
          {model.restriction && <strong className={styles.restriction}>{` (${model.restriction})`}</strong>}
        </span>
        <span className={styles.memory}>
          <span data-fits={fits ?? undefined} className={styles.fit}>
            {`about ${formatBytes(needs)}${changes === "" ? "" : ` with ${changes}`}${fits === null ? "" : fits ? ", fits" : ", too large"}`}
          </span>
          {!isOnline && !isHere && <span className={styles.badge}>needs a network</span>}
          {model.place.kind === "embedded" && <span className={styles.badge}>comes with the page</span>}
          {cached.length > 0 && (
            <span className={styles.badge}>{cached.some((one) => one.complete) ? "cached" : "partly cached"}</span>
          )}
        </span>
      </button>
    </li>
  );
}

/** Bytes of GPU memory that may be used, as far as it is known: the user's figure before the engine's estimate. */
function useBudget(): number | null {
  const memoryGiB = useStore((state) => state.settings.memoryGiB);
  const estimated = useStore((state) => state.budgetBytes);
  return memoryGiB > 0 ? memoryGiB * 2 ** 30 : estimated;
}

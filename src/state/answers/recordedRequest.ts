// How a recorded answer was asked for, so that one can go on from it with the model of the recording: the recorder asks with the settings
// that it writes down with the recorded run (scripts/record). Pure.

import type { AnswerHeader } from "@/client/live";
import type { RecordedAnswer, Recording } from "@/protocol/recorded";
import { maskOf, samplingOf } from "../requests";
import { defaultSettings, type Settings, settingsTable } from "../settings";
import { checkSetting } from "../url";
import type { AnswerOrigin } from "./answerTree";

/** What a recorded answer was asked for; null where the recording does not say how it was asked. */
export function recordedRequest(recording: Recording, answer: RecordedAnswer, header: AnswerHeader): AnswerOrigin | null {
  if (!recording.run || !header.image) return null;
  const settings = settingsOf(recording.run.settings);
  return {
    request: {
      image: header.image,
      question: answer.question,
      rollouts: answer.rollouts.length,
      sampling: samplingOf(settings),
      mask: maskOf(settings, null),
      topK: answer.topK,
    },
    model: { name: recording.model, adapter: null, step: 0, run: null, precision: null },
  };
}

function settingsOf(recorded: Readonly<Record<string, number | string | boolean>>): Settings {
  const known: Partial<Record<keyof Settings, number | string | boolean>> = {};
  for (const row of settingsTable) {
    const value = recorded[row.key];
    if (value === undefined || typeof value === "boolean") continue;
    const checked = checkSetting(row, String(value));
    if (checked.ok) known[row.key] = checked.value;
  }
  // checkSetting has made every value one that its row allows.
  return { ...defaultSettings, ...(known as Partial<Settings>) };
}

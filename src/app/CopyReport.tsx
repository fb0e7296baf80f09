// The button that copies a fault report; it says itself that it has done so, because the message may stand behind an error.
import { ClipboardCheck, ClipboardCopy } from "lucide-react";
import { useState } from "react";
import { copyFaultReport } from "@/state/faultReport";
import { Button } from "@/ui/Button";

/** Copies versions, device, model, changed settings and the last events. */
export function CopyReport() {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => setCopied(await copyFaultReport());
  return (
    <Button
      label={isCopied ? "Report copied" : "Copy report"}
      tone="quiet"
      icon={isCopied ? <ClipboardCheck aria-hidden /> : <ClipboardCopy aria-hidden />}
      onPress={() => void copy()}
    />
  );
}

// Models that are not offered by name: a Hub repository, a folder on a server, or a folder of this machine; and the access token for
// repositories that ask for one.
import { FolderOpen, Search } from "lucide-react";
import { type FormEvent, type InputHTMLAttributes, useEffect, useRef, useState } from "react";
import { filesOfInput } from "@/client/localFiles";
import { parseModelAddress } from "@/protocol/modelAddress";
import { messageOf } from "@/state/session";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Message } from "@/ui/Message";
import { TextField } from "@/ui/TextField";
import styles from "./OwnModel.module.css";
import type { FolderInput } from "./useFolderInput";

/** Address, folder and token. */
export function OwnModel({ folder }: { folder: FolderInput }) {
  return (
    <section className={styles.own} aria-label="Another model">
      <h3 className={styles.title}>Another model</h3>
      <AddressForm />
      <FolderButton folder={folder} />
      <TokenFields />
    </section>
  );
}

function AddressForm() {
  const choose = useStore((state) => state.choose);
  const [text, setText] = useState("");
  const [error, setError] = useState<string | null>(null);
  const lookUp = () => {
    try {
      choose(parseModelAddress(text));
      setError(null);
    } catch (cause) {
      setError(messageOf(cause));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    lookUp();
  };
  return (
    <form className={styles.address} onSubmit={submit}>
      <TextField
        label="Hugging Face name or address"
        value={text}
        placeholder="owner/name or owner/name@revision"
        error={error}
        onChange={(next) => {
          setText(next);
          setError(null);
        }}
      />
      <Button label="Look up" icon={<Search aria-hidden />} disabled={text.trim() === ""} onPress={lookUp} />
    </form>
  );
}

// React's types do not know this attribute, which every browser has.
const folderAttributes = { webkitdirectory: "" } as InputHTMLAttributes<HTMLInputElement>;

function FolderButton({ folder }: { folder: FolderInput }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className={styles.folder}>
      <input
        {...folderAttributes}
        ref={input}
        type="file"
        multiple
        className="sr-only"
        tabIndex={-1}
        aria-label="Model folder"
        onChange={(event) => {
          const list = [...(event.target.files ?? [])];
          if (list.length > 0) void folder.take(() => filesOfInput(list));
          // The same folder can be chosen again after an error.
          event.target.value = "";
        }}
      />
      <Button label="Open a folder" icon={<FolderOpen aria-hidden />} onPress={() => input.current?.click()} />
      <p className={styles.note}>Or drop one here: safetensors with config.json, or a GGUF pair. It stays on this machine.</p>
      {folder.error && <Message tone="bad">{folder.error}</Message>}
    </div>
  );
}

function TokenFields() {
  const token = useStore((state) => state.accessToken);
  const keeps = useStore((state) => state.keepsToken);
  const setToken = useStore((state) => state.setAccessToken);
  const keepToken = useStore((state) => state.keepToken);
  const isRefused = useStore(({ preview }) => preview.status === "failed" && preview.name === "AccessError");
  const details = useRef<HTMLDetailsElement>(null);
  // Opened, never closed: who types a token must not have the field fold away while the model is looked at again.
  useEffect(() => {
    if (isRefused && details.current) details.current.open = true;
  }, [isRefused]);
  return (
    <details ref={details} className={styles.token}>
      <summary>Access token</summary>
      <TextField
        label="Hugging Face access token"
        value={token}
        secret
        placeholder="hf_…"
        help="Only for private repositories and those that ask you to accept a licence. It is sent to the Hub and nowhere else, and forgotten when the page closes unless you tick the box."
        error={isRefused ? "The chosen repository may ask for a token of an account that has been given access to it." : null}
        onChange={setToken}
      />
      <label className={styles.keep}>
        <input type="checkbox" checked={keeps} onChange={(event) => keepToken(event.target.checked)} />
        Remember it on this device
      </label>
      <p className={styles.note}>
        Remembering writes it unencrypted into this browser's storage, where other people who use this browser could read it.
      </p>
    </details>
  );
}

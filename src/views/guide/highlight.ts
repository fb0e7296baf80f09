// Outlines the parts of the page that a page of the guide talks about. An attribute on elements that other views own: it changes no
// layout, covers nothing, and is put on again where a view draws a part anew. The outline itself is in `app/theme.css`.

const attribute = "data-guided";

/** Outlines what the selectors match, now and as it comes, and brings the first into sight; returns the way to take the outlines off. */
export function outline(selectors: readonly string[]): () => void {
  const selector = selectors.join(", ");
  const put = () => {
    for (const element of document.querySelectorAll(selector)) {
      if (!element.hasAttribute(attribute)) element.setAttribute(attribute, "");
    }
  };
  put();
  document.querySelector(selector)?.scrollIntoView({ block: "nearest" });
  const observer = new MutationObserver(put);
  observer.observe(document.body, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    for (const element of document.querySelectorAll(`[${attribute}]`)) element.removeAttribute(attribute);
  };
}

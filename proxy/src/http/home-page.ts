// Our own page at the root: the lines to paste, for people who open the proxy's address in a browser.

import { escapeHtml } from "./home-template.ts";

/** The page as HTML. `address` is what goes into GOPROXY; it comes from the request and is escaped here. */
export function homePage(address: string): string {
  const shown = escapeHtml(address);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stoa: Go module proxy</title>
<style>
  :root { color-scheme: light dark }
  body { font: 17px/1.55 system-ui, sans-serif; max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem }
  h1 { font-size: 1.6rem; margin-bottom: .2rem }
  pre { font: 15px/1.5 ui-monospace, monospace; padding: .9rem 1.1rem; border-radius: 6px; overflow-x: auto;
        background: color-mix(in srgb, currentColor 8%, transparent) }
  dt { font-family: ui-monospace, monospace; font-size: .9rem } dd { margin: 0 0 .6rem }
</style>
<h1>This is a Go module proxy.</h1>
<p>To use it, tell the go command:</p>
<pre>export GOPROXY=${shown}</pre>
<p>or, so that every shell on this machine uses it:</p>
<pre>go env -w GOPROXY=${shown}</pre>
<p>Then build as always. To see that it works:</p>
<pre>curl ${shown}/rsc.io/quote/@v/list</pre>
<dl>
  <dt>/healthz &nbsp;/readyz</dt><dd>is it running, can it use its store</dd>
  <dt>/version &nbsp;/metrics</dt><dd>which version it is, what it does (Prometheus)</dd>
  <dt>/cached-only/…</dt><dd>a base address that answers only from what is kept</dd>
</dl>
</html>
`;
}

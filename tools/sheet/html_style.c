/* html_style: how a page looks: on a screen, in the dark, on paper.
 * Thread: any.  Only fonts that the reader has; nothing is fetched. */
#include "lagniappe/codec.h"
#include "tools/sheet/html.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

const char html_style[] =
        "\n"
        ":root{color-scheme:light dark;--ink:#1b2430;--soft:#56616e;--rule:#d5dbe3;"
        "--faint:#eef1f5;--page:#fff;--accent:#1f5fa8;--loss:#b3421b;--shade:#dfe8f3}\n"
        "@media screen and (prefers-color-scheme:dark){:root{--ink:#e4e9ef;--soft:#9fabb9;"
        "--rule:#38424e;--faint:#1d242d;--page:#14191f;--accent:#6aa9ef;--loss:#f0906a;"
        "--shade:#223348}}\n"
        "*{box-sizing:border-box}\n"
        "html{font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;"
        "color:var(--ink);background:var(--page);-webkit-text-size-adjust:100%}\n"
        "body{max-width:84rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}\n"
        "header{border-bottom:3px solid var(--accent);padding-bottom:1rem;margin-bottom:1.5rem}\n"
        "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;letter-spacing:-.01em;"
        "overflow-wrap:anywhere}\n"
        "h2{font-size:1.25rem;line-height:1.3;margin:0 0 .75rem;overflow-wrap:anywhere}\n"
        "header p,.note{margin:.25rem 0;color:var(--soft);max-width:90ch;overflow-wrap:anywhere;"
        "white-space:pre-line}\n"
        "nav{background:var(--faint);border-radius:.4rem;padding:.9rem "
        "1.25rem;margin-bottom:2rem}\n"
        "nav h2{font-size:1rem;margin:0 0 .4rem}\n"
        "nav ol{margin:0;padding-left:1.4rem;columns:18rem auto;column-gap:2.5rem}\n"
        "nav li{break-inside:avoid;padding:.1rem 0}\n"
        "a{color:var(--accent)}\n"
        "a:focus-visible,.scroll:focus-visible{outline:3px solid var(--accent);"
        "outline-offset:2px}\n"
        "section{margin:0 0 3rem}\n"
        ".scroll{overflow-x:auto}\n"
        ".long{max-height:85vh;overflow-y:auto}\n"
        "table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums "
        "lining-nums;min-width:min(100%,34rem)}\n"
        "th,td{padding:.35rem .6rem;text-align:left;vertical-align:top;"
        "border-bottom:1px solid var(--rule)}\n"
        "th:first-child,td:first-child{padding-left:.25rem}\n"
        "thead th{position:sticky;top:0;background:var(--page);border-bottom:2px solid "
        "var(--accent);vertical-align:bottom;font-weight:600}\n"
        "tbody th{font-weight:400}\n"
        "tbody tr:hover>*{background:var(--faint)}\n"
        ".t{min-width:4.5rem;max-width:44ch;white-space:pre-line}\n"
        ".s{min-width:18rem;max-width:60ch;overflow-wrap:anywhere;white-space:pre-line}\n"
        ".d{white-space:nowrap}\n"
        ".n{text-align:right;white-space:nowrap}\n"
        "thead th.n,thead th.t{white-space:normal;overflow-wrap:normal}\n"
        ".total>*{font-weight:700;border-top:2px solid var(--ink);border-bottom:0}\n"
        ".note:first-of-type{margin-top:.75rem}\n"
        "figure{margin:0 0 1.25rem;overflow-x:auto}\n"
        "figcaption{color:var(--soft);font-size:.9rem;margin-top:.25rem}\n"
        "svg{display:block;width:100%;min-width:34rem;max-width:760px;height:auto;font-size:12px;"
        "font-variant-numeric:tabular-nums}\n"
        "svg text{fill:var(--ink)}\n"
        "svg .soft{fill:var(--soft)}\n"
        "svg .e{text-anchor:end}\n"
        "svg .m{text-anchor:middle}\n"
        ".grid{stroke:var(--rule);stroke-width:1}\n"
        ".zero{stroke:var(--soft);stroke-width:1}\n"
        ".bar{fill:var(--accent)}\n"
        ".below{fill:var(--loss)}\n"
        ".line{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round}\n"
        ".dot{fill:var(--page);stroke:var(--accent);stroke-width:2}\n"
        "footer{color:var(--soft);font-size:.85rem;border-top:1px solid var(--rule);"
        "padding-top:.75rem}\n"
        "@page{size:A4;margin:16mm 14mm 18mm;@bottom-right{content:counter(page) ' / ' "
        "counter(pages);font:9pt sans-serif;color:#56616e}}\n"
        "@page wide{size:A4 landscape}\n"
        "@media print{html{font-size:10pt}body{max-width:none;padding:0}\n"
        ".wide{page:wide}.wide table{font-size:8pt}\n"
        ".scroll{overflow:visible;max-height:none}\n"
        "table{width:100%;min-width:0}thead{display:table-header-group}thead th{position:static}\n"
        "th,td{padding:.15rem .5rem}.t{min-width:0}.s{min-width:16em}svg{min-width:0}"
        "tr,figure,nav,.note{break-inside:avoid}h2{break-after:avoid}.total{break-before:avoid}\n"
        "nav{background:none;border:1px solid var(--rule)}a{color:inherit;text-decoration:none}\n"
        ".bar,.below{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

void html_style_hash(char out[HTML_STYLE_HASH_ROOM])
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	static_assert(sizeof "sha256-" + LGP_BASE64_LEN(crypto_hash_sha256_BYTES) <=
	                      HTML_STYLE_HASH_ROOM,
	              "the hash has room");
	crypto_hash_sha256(digest, (const unsigned char *)html_style, strlen(html_style));
	size_t len = (size_t)snprintf(out, HTML_STYLE_HASH_ROOM, "sha256-");
	len += lgp_base64_encode(out + len, digest, sizeof digest);
	out[len] = '\0';
}

/** The style of every page: one for screens, light and dark, and for paper. It names no font and no image to load. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f5f6f8;--surface:#fff;--text:#1b1f24;--muted:#57606c;--rule:#dfe3e8;--accent:#1d5fbf;--good:#19703f;--bad:#b3261e;--warm:#a85506;--soft:#eef1f5}
@media screen and (prefers-color-scheme:dark){:root{--page:#101317;--surface:#181c21;--text:#e7eaee;--muted:#a3adb9;--rule:#2d343c;--accent:#7db0ff;--good:#63cf92;--bad:#ff8f86;--warm:#f0ab65;--soft:#222831}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:1040px;margin:0 auto;padding:40px 24px 64px}
header{margin-bottom:28px}
header .kind{margin:0;color:var(--muted);font-size:14px}
h1{margin:2px 0 6px;font-size:30px;line-height:1.2;letter-spacing:-.01em;font-weight:650}
header .about{margin:0;color:var(--muted)}
h2{margin:0 0 12px;font-size:19px;font-weight:620}
h3{margin:24px 0 4px;font-size:15px;font-weight:620}
h3 code{font-size:14px}h3 span{margin-left:8px;color:var(--bad)}
section{margin:0 0 20px;padding:24px;background:var(--surface);border:1px solid var(--rule);border-radius:10px}
p{margin:0 0 10px}
h1,td,dd,code{unicode-bidi:isolate}
.note{color:var(--muted);font-size:14px}
.status{font-weight:620}.status.good{color:var(--good)}.status.bad{color:var(--bad)}
.figures{display:flex;flex-wrap:wrap;gap:1px;margin:0 0 20px;background:var(--surface);border:1px solid var(--rule);border-radius:10px;overflow:hidden}
.figures div{padding:16px 20px;box-shadow:0 0 0 1px var(--rule)}
.figures dt{color:var(--muted);font-size:14px}
.figures dd{margin:2px 0 0;font-size:24px;line-height:1.25;font-weight:620;letter-spacing:-.01em}
.figures .good dd{color:var(--good)}.figures .bad dd{color:var(--bad)}
.facts{display:grid;gap:6px;margin:0}
.facts div{display:grid;grid-template-columns:180px 1fr;gap:12px}
.facts dt{color:var(--muted)}.facts dd{margin:0}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.table{overflow-x:auto;margin:8px 0 12px}
.table:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{width:100%;border-collapse:collapse;font-size:14px}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th{padding:6px 16px 6px 0;color:var(--muted);font-weight:500;text-align:left;vertical-align:bottom;white-space:nowrap;border-bottom:1px solid var(--rule)}
td{padding:7px 16px 7px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
tbody tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.right{text-align:right;white-space:nowrap}
td.left{white-space:nowrap}
td.long{min-width:180px;max-width:280px}
.narrow table{width:auto;min-width:280px}
td.wide{min-width:220px}
td code{color:var(--muted)}
time{white-space:nowrap}
figure{margin:0 0 20px}figure:last-child{margin:0}
data{white-space:nowrap}
figcaption{margin-bottom:4px;font-size:14px;font-weight:620}
.legend{display:flex;gap:16px;margin:0 0 4px;font-size:13px;color:var(--muted)}
.legend span::before{content:"";display:inline-block;width:10px;height:10px;margin-right:6px;border-radius:2px;background:currentColor}
.legend .in::before{background:var(--accent)}.legend .out::before{background:var(--warm)}.legend .before::before{background:var(--muted)}
.chart{display:block;max-width:100%;height:auto;color:var(--muted);overflow:visible}
.chart.desk{width:100%}.chart.phone{display:none;width:100%}
summary{color:var(--muted);font-size:14px;cursor:pointer}
footer{color:var(--muted);font-size:13px}
@media (max-width:640px){
main{padding:24px 14px 40px}h1{font-size:24px}section{padding:18px 16px}
.figures div{flex:1 0 40%;padding:12px 14px}.figures dd{font-size:20px}
.facts div{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:6px}
.chart.desk{display:none}.chart.phone{display:block}
}
@media print{
@page{margin:16mm}
body{background:none;font-size:12px}main{max-width:none;padding:0}
section{padding:0;border:0}figure,tr,h2,h3{break-inside:avoid}h2,h3{break-after:avoid}
.table{overflow:visible}summary{display:none}details::details-content{content-visibility:visible;height:auto}
}
`
